// Turns the text of one side into an encoded image: background, text, the damage of the scenario, the symbol, the file format.
// It knows nothing about expected results.
import sharp, { type Sharp } from 'sharp';
import { background, type CardKind, renderSvg, svgOf } from './background.ts';
import { encodeBmp, type RawPicture } from './bmp.ts';
import { copySvg, editSvg, runsSvg, screenSvg, serialSvg, stillLifeSvg, symbolSvg } from './draw.ts';
import { specimenFont } from './font.ts';
import { backRuns, frontRuns } from './layout.ts';
import { encodeMark } from './mark.ts';
import type { BackText, FrontText } from './people.ts';
import { portraitSvg } from './portrait.ts';
import type { Random } from './random.ts';
import { frontCondition, type Scenario } from './scenarios.ts';
import { writeSymbol } from './symbol.ts';

export type PictureFormat = 'jpeg' | 'png' | 'bmp';

/** The damage of an image. It is applied to the pixels before the symbol is drawn. `ink` and `paper` are the colours of the symbol. */
interface Damage {
  overlay?: string;
  apply?: (picture: Sharp, scale: number) => Sharp;
  ink?: string;
  paper?: string;
}

const JPEG_QUALITY = 88;

export async function frontPicture(
  text: FrontText,
  scenario: Scenario,
  n: number,
  random: Random,
  scale: number,
): Promise<RawPicture> {
  const font = specimenFont();
  const damage = frontDamage(scenario, random);
  const matrix = await writeSymbol(encodeMark({ side: 'front', ...text, ...frontCondition(scenario) }));
  const under = scenario === 'edited' ? editSvg() : '';
  const content = `${under}${runsSvg(frontRuns(text), font)}${portraitSvg(text.sex, random)}${serialSvg(n, font)}`;
  const symbol = symbolSvg(matrix, 'front', damage.ink ?? '#101216', damage.paper ?? '#fdfdfb');
  return assemble(await background('front', kindOf(scenario), scale, font), content, damage, symbol, scale);
}

export async function backPicture(text: BackText, scenario: Scenario, n: number, scale: number): Promise<RawPicture> {
  const font = specimenFont();
  const matrix = await writeSymbol(encodeMark({ side: 'back', ...text }));
  const content = `${runsSvg(backRuns(text), font)}${serialSvg(n, font)}`;
  const symbol = symbolSvg(matrix, 'back', '#101216', '#fdfdfb');
  const kind = scenario === 'residence-permit' ? 'permit' : 'card';
  return assemble(await background('back', kind, scale, font), content, {}, symbol, scale);
}

/** An image without a card. */
export function otherPicture(n: number, random: Random, scale: number): Promise<RawPicture> {
  return renderSvg(stillLifeSvg(n, random, specimenFont()), scale);
}

/** Baseline JPEG, non-interlaced PNG or 24-bit BMP. */
export async function encodePicture(picture: RawPicture, format: PictureFormat): Promise<Buffer> {
  if (format === 'bmp') return encodeBmp(picture);
  const image = fromRaw(picture);
  if (format === 'png') return image.png({ compressionLevel: 6, progressive: false }).toBuffer();
  return image.jpeg({ quality: JPEG_QUALITY, progressive: false }).toBuffer();
}

async function assemble(
  base: RawPicture,
  content: string,
  damage: Damage,
  symbol: string,
  scale: number,
): Promise<RawPicture> {
  const { overlay = '', apply } = damage;
  const layer = (svg: string) => [{ input: Buffer.from(svgOf(svg, scale)) }];
  if (!apply) return toRaw(fromRaw(base).composite(layer(`${content}${overlay}${symbol}`)));
  const drawn = await toRaw(fromRaw(base).composite(layer(`${content}${overlay}`)));
  const spoilt = await toRaw(apply(fromRaw(drawn), scale));
  return toRaw(fromRaw(spoilt).composite(layer(symbol)));
}

function frontDamage(scenario: Scenario, random: Random): Damage {
  switch (scenario) {
    case 'blurred':
      return { apply: (picture, scale) => picture.blur(9 * scale) };
    case 'over-exposed':
      return { apply: (picture) => picture.linear(0.8, 118), ink: '#6c6c6a', paper: '#ffffff' };
    case 'under-exposed':
      return { apply: (picture) => picture.linear(0.17, -4), ink: '#000000', paper: '#6a6a68' };
    case 'screen':
      return { overlay: screenSvg() };
    case 'copy':
      return {
        overlay: copySvg(random),
        apply: (picture) => picture.modulate({ saturation: 0 }).linear(1.35, -48),
      };
    default:
      return {};
  }
}

function kindOf(scenario: Scenario): CardKind {
  if (scenario === 'residence-permit') return 'permit';
  return scenario === 'temporary' ? 'temporary' : 'card';
}

function fromRaw({ data, width, height }: RawPicture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function toRaw(image: Sharp): Promise<RawPicture> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
