/**
 * Finds the JPEG encoding that loses least and still fits under the byte limit, in few encodes. Knows no image library:
 * it is handed a function that encodes, so that its choices are tested on models too.
 *
 * The order of losses: quality falls first, down to a floor at which text is still clean; only then are pixels given
 * up. One step of quality can be a tenth of the bytes and more, most of all for images that were JPEG before; other
 * quantisation tables, and chroma at full resolution, lie between the steps and fill the gap without giving up a pixel.
 * Whether one does depends on how the image was quantised before; a thin sample shows it at an eighth of the work.
 */

/** Below this, ringing around strokes costs the reader more than the pixels that a smaller image gives up. */
export const floorQuality = 70;

/** Nearer than this to the limit is near enough. */
const closeEnough = 0.97;
const aim = 0.985;

export interface EncodingSetting {
  readonly quality: number;
  /** Of mozjpeg's sets: 0 is the one in JPEG's annex K. */
  readonly quantisationTable: number;
  /** Chroma at half resolution: the characters live in the luminance, which gets the bytes. */
  readonly subsampled: boolean;
  /** Coefficients that cost more bits than they show are dropped: another ladder of sizes, at thrice the work. */
  readonly trellis: boolean;
  /** Linear, 1 leaves the size. */
  readonly scale: number;
}

interface Trial {
  readonly setting: EncodingSetting;
  /** Encoded length over the limit: fits at 1 and below. */
  readonly fill: number;
}

export interface EncodingTrial extends Trial {
  readonly bytes: Buffer;
}

export interface EncodingSearch {
  encode: (setting: EncodingSetting) => Promise<Buffer>;
  /** Bytes of a fixed sample of the image, in any proportion to the whole. */
  sampleBytes: (setting: EncodingSetting) => Promise<number>;
  /** Encoded length over the limit, of that many raw bytes. */
  fillOf: (sizeBytes: number) => number;
  firstQuality: number;
  maxQuality: number;
  minScale: number;
}

export interface EncodingChoice {
  /** The largest that fits; undefined where even the smallest scale does not. */
  best: EncodingTrial | undefined;
  /** For the whole image; the samples are not counted. */
  encodes: number;
}

const plain: EncodingSetting = {
  quality: floorQuality,
  quantisationTable: 0,
  subsampled: true,
  trellis: false,
  scale: 1,
};

export async function searchEncoding(search: EncodingSearch): Promise<EncodingChoice> {
  let encodes = 0;
  const attempt: Attempt = async (setting) => {
    encodes += 1;
    const bytes = await search.encode(setting);
    return { setting, bytes, fill: search.fillOf(bytes.length) };
  };
  const { under, over } = await searchQuality(plain, search.firstQuality, search.maxQuality, attempt);
  if (under === undefined) return { best: over && (await searchScale(over, search, attempt)), encodes };
  // Bytes left over at the highest quality are worth spending only where the image had to lose some.
  const content = isClose(under) || (over === undefined && search.maxQuality < 100);
  return { best: content ? under : await searchBetween(under, search, attempt), encodes };
}

type Attempt<T extends Trial = EncodingTrial> = (setting: EncodingSetting) => Promise<T>;

const fits = (trial: Trial) => trial.fill <= 1;
const isClose = (trial: Trial) => fits(trial) && trial.fill >= closeEnough;

function better(a: EncodingTrial | undefined, b: EncodingTrial | undefined): EncodingTrial | undefined {
  const candidates = [a, b].filter((trial) => trial !== undefined && fits(trial)) as EncodingTrial[];
  return candidates.sort((x, y) => y.fill - x.fill)[0];
}

interface Bracket<T extends Trial> {
  /** The highest quality tried that fits. */
  under: T | undefined;
  /** The lowest tried that does not; none where the highest quality allowed fits. */
  over: T | undefined;
}

/** Stops at the first trial that is close, or with neighbours around the limit, or after so many trials. */
async function searchQuality<T extends Trial>(
  base: EncodingSetting,
  first: number,
  max: number,
  attempt: Attempt<T>,
  maxTrials = 32,
): Promise<Bracket<T>> {
  const found: Bracket<T> = { under: undefined, over: undefined };
  let low = floorQuality - 1;
  let high = max + 1;
  let quality = Math.min(first, max);
  for (let n = 0; n < maxTrials && low + 1 < high; n++) {
    const trial = await attempt({ ...base, quality });
    if (fits(trial)) [found.under, low] = [trial, quality];
    else [found.over, high] = [trial, quality];
    if (isClose(trial)) break;
    // Where prediction does not close in, halving does.
    const guess = n < 3 ? predictQuality(quality, trial.fill) : Math.floor((low + high) / 2);
    quality = Math.max(low + 1, Math.min(high - 1, guess));
  }
  return found;
}

/** Measured on noisy photos: size at a quality, relative to 85. Only guides the search, never decides. */
const typicalSizes: readonly (readonly [quality: number, size: number])[] = [
  [70, 0.57],
  [75, 0.66],
  [80, 0.81],
  [85, 1],
  [90, 1.32],
  [95, 1.92],
  [98, 2.55],
  [100, 3.1],
];

function typicalSize(quality: number): number {
  const above = typicalSizes.findIndex(([q]) => q >= quality);
  const [toQ, toSize] = typicalSizes.at(above)!;
  const [fromQ, fromSize] = typicalSizes[Math.max(0, above - 1)]!;
  return toQ === fromQ ? toSize : fromSize + ((toSize - fromSize) * (quality - fromQ)) / (toQ - fromQ);
}

/** @returns the highest quality expected to stay under the aim, from one trial */
function predictQuality(tried: number, fill: number): number {
  const wanted = (typicalSize(tried) * aim) / fill;
  for (let quality = 100; quality > floorQuality; quality--) if (typicalSize(quality) <= wanted) return quality;
  return floorQuality;
}

interface Variant {
  readonly quantisationTable: number;
  readonly subsampled: boolean;
  readonly trellis?: true;
  /** Relative to the plain one at the same quality, as measured; a first guess only. */
  readonly size: number;
}

/** Tables that others tuned to the eye, the nearest relatives first. */
const variants: readonly Variant[] = [
  { quantisationTable: 2, subsampled: true, size: 0.985 },
  { quantisationTable: 5, subsampled: true, size: 0.95 },
  { quantisationTable: 4, subsampled: true, size: 1 },
  { quantisationTable: 3, subsampled: true, size: 0.945 },
  { quantisationTable: 6, subsampled: true, size: 1.02 },
  { quantisationTable: 5, subsampled: true, trellis: true, size: 0.78 },
  { quantisationTable: 0, subsampled: true, trellis: true, size: 0.86 },
  { quantisationTable: 2, subsampled: true, trellis: true, size: 0.84 },
  { quantisationTable: 3, subsampled: true, trellis: true, size: 0.75 },
  { quantisationTable: 0, subsampled: false, size: 1.7 },
  { quantisationTable: 2, subsampled: false, size: 1.68 },
  { quantisationTable: 1, subsampled: true, size: 1.8 },
  { quantisationTable: 8, subsampled: true, size: 1.45 },
  { quantisationTable: 5, subsampled: false, size: 1.6 },
  { quantisationTable: 7, subsampled: true, size: 1.65 },
  { quantisationTable: 3, subsampled: false, size: 1.6 },
];

const samplesPerVariant = 5;
const maxConfirmations = 5;

/** Samples propose, whole encodes decide and correct the proportion between the two. */
async function searchBetween(under: EncodingTrial, search: EncodingSearch, attempt: Attempt) {
  let best = under;
  let proportion = under.fill / (await search.sampleBytes(under.setting));
  let confirmations = 0;
  for (const { size, ...variant } of variants) {
    const base = { ...under.setting, ...variant };
    const first = predictQuality(under.setting.quality, under.fill * size);
    const propose = async (setting: EncodingSetting) => ({
      setting,
      fill: (await search.sampleBytes(setting)) * proportion,
    });
    const proposal = (await searchQuality(base, first, search.maxQuality, propose, samplesPerVariant)).under;
    if (proposal === undefined || !isWorthAWhole(proposal, best, search.maxQuality)) continue;
    const trial = await attempt(proposal.setting);
    proportion *= trial.fill / proposal.fill;
    best = better(best, trial) ?? best;
    confirmations += 1;
    if (isClose(best) || confirmations === maxConfirmations) break;
  }
  return best;
}

/** A sample errs by a hundredth or so. */
const nearlyClose = closeEnough - 0.01;

/** Near the limit, or the best that a variant can give and still more than there is. */
function isWorthAWhole(proposal: Trial, best: Trial, maxQuality: number): boolean {
  const near = fits(proposal) && proposal.fill >= nearlyClose && proposal.fill > best.fill;
  return near || (proposal.setting.quality === maxQuality && proposal.fill > best.fill);
}

const maxScaleTrials = 12;

/**
 * Gives up pixels at the floor quality. Size follows scale smoothly but for a jump at 1, where resampling starts to
 * smooth: near it quality is raised again instead.
 */
async function searchScale(over: EncodingTrial, search: EncodingSearch, attempt: Attempt) {
  const { minScale } = search;
  let best: EncodingTrial | undefined;
  let low = minScale;
  let high = 1;
  let scale = nextScale(1, over.fill, low, high);
  for (let n = 0; n < maxScaleTrials; n++) {
    const trial = await attempt({ ...over.setting, scale });
    best = better(best, trial);
    if (isClose(trial) || (scale <= minScale && !fits(trial))) return best;
    if (fits(trial)) low = scale;
    else high = scale;
    if (high === 1 && low > 0.97) return await raiseQuality(trial, search, attempt);
    scale = nextScale(scale, trial.fill, low, high);
  }
  return best;
}

async function raiseQuality(floor: EncodingTrial, search: EncodingSearch, attempt: Attempt) {
  const { under } = await searchQuality(
    floor.setting,
    predictQuality(floorQuality, floor.fill),
    search.maxQuality,
    attempt,
    6,
  );
  const best = better(floor, under) ?? floor;
  return isClose(best) ? best : await searchBetween(best, search, attempt);
}

/** Bytes grow a little slower than the area. */
function nextScale(from: number, fill: number, low: number, high: number): number {
  const wanted = from * (aim / fill) ** (1 / 1.8);
  if (wanted > low && wanted < high) return wanted;
  return wanted <= low ? low : (from + high) / 2;
}
