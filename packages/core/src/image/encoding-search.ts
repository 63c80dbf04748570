/**
 * Finds the JPEG encoding that loses least and still fits under the byte limit, in few encodes. Knows no image library:
 * it is handed a function that encodes, so that its choices are tested on models too.
 *
 * The order of losses: quality falls first, down to a floor at which text is still clean; only then are pixels given
 * up. Between two qualities, other quantisation tables fill most gaps; a slight scaling fills the rest.
 */

/** Below this, ringing around strokes costs the reader more than the pixels that a smaller picture gives up. */
export const floorQuality = 70;

/** Nearer than this to the limit is near enough. */
const closeEnough = 0.97;
const aim = 0.985;
const maxScaleTrials = 12;

export interface EncodingSetting {
  readonly quality: number;
  /** Of mozjpeg's sets: 0 is the one in JPEG's annex K. */
  readonly quantisationTable: number;
  /** Linear, 1 leaves the size. */
  readonly scale: number;
}

export interface EncodingTrial {
  readonly setting: EncodingSetting;
  readonly bytes: Buffer;
  /** Encoded length over the limit: fits at 1 and below. */
  readonly fill: number;
}

export interface EncodingSearch {
  encode: (setting: EncodingSetting) => Promise<Buffer>;
  /** Encoded length over the limit, of that many raw bytes. */
  fillOf: (sizeBytes: number) => number;
  firstQuality: number;
  maxQuality: number;
  minScale: number;
}

/** @returns the largest trial that fits, or undefined where even the smallest scale does not; and the number of encodes */
export async function searchEncoding(
  search: EncodingSearch,
): Promise<{ best: EncodingTrial | undefined; encodes: number }> {
  let encodes = 0;
  const attempt: Attempt = async (setting) => {
    encodes += 1;
    const bytes = await search.encode(setting);
    return { setting, bytes, fill: search.fillOf(bytes.length) };
  };
  const { under, over } = await searchQuality(search, attempt);
  if (over === undefined || (under && isClose(under))) return { best: under, encodes };
  const finer = under && (await searchTables(over, attempt));
  const nearer = better(under, finer);
  if (nearer && isClose(nearer)) return { best: nearer, encodes };
  const scaled = await searchScale(over, search.minScale, attempt, nearer !== undefined);
  return { best: better(nearer, scaled), encodes };
}

type Attempt = (setting: EncodingSetting) => Promise<EncodingTrial>;

const fits = (trial: EncodingTrial) => trial.fill <= 1;
const isClose = (trial: EncodingTrial) => fits(trial) && trial.fill >= closeEnough;

function better(a: EncodingTrial | undefined, b: EncodingTrial | undefined): EncodingTrial | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.fill > a.fill ? b : a;
}

interface Bracket {
  /** The highest quality tried that fits. */
  under: EncodingTrial | undefined;
  /** The lowest tried that does not; none where the highest quality allowed fits. */
  over: EncodingTrial | undefined;
}

async function searchQuality(search: EncodingSearch, attempt: Attempt): Promise<Bracket> {
  const found: Bracket = { under: undefined, over: undefined };
  let low = floorQuality - 1;
  let high = search.maxQuality + 1;
  let quality = search.firstQuality;
  while (low + 1 < high) {
    const trial = await attempt({ quality, quantisationTable: 0, scale: 1 });
    if (fits(trial)) {
      found.under = trial;
      low = quality;
      if (isClose(trial)) break;
    } else {
      found.over = trial;
      high = quality;
    }
    quality = Math.max(low + 1, Math.min(high - 1, predictQuality(quality, trial.fill)));
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

/** How much smaller than table 0 at the same quality, measured; ordered from the largest. */
const finerTables: readonly (readonly [table: number, size: number])[] = [
  [2, 0.985],
  [3, 0.945],
];

async function searchTables(over: EncodingTrial, attempt: Attempt): Promise<EncodingTrial | undefined> {
  let best: EncodingTrial | undefined;
  for (const [quantisationTable, size] of finerTables) {
    if (over.fill * size > 1.01 || over.fill * size < closeEnough - 0.01) continue;
    const trial = await attempt({ ...over.setting, quantisationTable });
    if (fits(trial)) best = better(best, trial);
    if (isClose(trial)) break;
  }
  return best;
}

/** Size follows scale closely, so a secant in logarithms lands in two or three trials. */
async function searchScale(over: EncodingTrial, minScale: number, attempt: Attempt, optional: boolean) {
  let best: EncodingTrial | undefined;
  let above = { scale: 1, fill: over.fill };
  let exponent = 2;
  for (let n = 0; n < (optional ? 3 : maxScaleTrials); n++) {
    const from = best ? { scale: best.setting.scale, fill: best.fill } : above;
    const scale = Math.max(minScale, nextScale(from, exponent, above.scale));
    const trial = await attempt({ ...over.setting, scale });
    exponent = Math.min(3, Math.max(0.8, Math.log(trial.fill / over.fill) / Math.log(scale)));
    if (fits(trial)) best = better(best, trial);
    else above = { scale, fill: trial.fill };
    if (isClose(trial) || (scale === minScale && !fits(trial))) break;
  }
  return best;
}

function nextScale(from: { scale: number; fill: number }, exponent: number, ceiling: number): number {
  const wanted = from.scale * (aim / from.fill) ** (1 / exponent);
  return wanted < ceiling ? wanted : (from.scale + ceiling) / 2;
}
