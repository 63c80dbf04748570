/**
 * Finds the JPEG encoding that loses least and still fits under the byte limit, in few encodes. Knows no image library:
 * it is handed a function that encodes, so that its choices are tested on models too.
 *
 * The order of losses: quality falls first, down to a floor at which text is still clean; only then are pixels given
 * up. One step of quality can be a tenth of the bytes and more, most of all for pictures that were JPEG before; other
 * quantisation tables lie between the steps and fill the gap without giving up a pixel.
 */

/** Below this, ringing around strokes costs the reader more than the pixels that a smaller picture gives up. */
export const floorQuality = 70;

/** Nearer than this to the limit is near enough. */
const closeEnough = 0.97;
const aim = 0.985;

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

export interface EncodingChoice {
  /** The largest that fits; undefined where even the smallest scale does not. */
  best: EncodingTrial | undefined;
  encodes: number;
}

const plain: EncodingSetting = { quality: floorQuality, quantisationTable: 0, scale: 1 };

export async function searchEncoding(search: EncodingSearch): Promise<EncodingChoice> {
  let encodes = 0;
  const attempt: Attempt = async (setting) => {
    encodes += 1;
    const bytes = await search.encode(setting);
    return { setting, bytes, fill: search.fillOf(bytes.length) };
  };
  const { under, over } = await searchQuality(plain, search.firstQuality, search.maxQuality, attempt);
  if (over === undefined || (under && isClose(under))) return { best: under, encodes };
  const best = under
    ? await searchBetween(under, search.maxQuality, attempt)
    : await searchScale(over, search.minScale, attempt);
  return { best, encodes };
}

type Attempt = (setting: EncodingSetting) => Promise<EncodingTrial>;

const fits = (trial: EncodingTrial) => trial.fill <= 1;
const isClose = (trial: EncodingTrial) => fits(trial) && trial.fill >= closeEnough;

function better(a: EncodingTrial | undefined, b: EncodingTrial | undefined): EncodingTrial | undefined {
  const candidates = [a, b].filter((trial) => trial !== undefined && fits(trial)) as EncodingTrial[];
  return candidates.sort((x, y) => y.fill - x.fill)[0];
}

interface Bracket {
  /** The highest quality tried that fits. */
  under: EncodingTrial | undefined;
  /** The lowest tried that does not; none where the highest quality allowed fits. */
  over: EncodingTrial | undefined;
}

/** Stops at the first trial that is close, or with neighbours around the limit, or after so many trials. */
async function searchQuality(
  base: EncodingSetting,
  first: number,
  max: number,
  attempt: Attempt,
  maxTrials = 32,
): Promise<Bracket> {
  const found: Bracket = { under: undefined, over: undefined };
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

/**
 * Tables tuned by others to the eye, with their size at a quality relative to table 0. Whether one lands in the gap
 * depends on how the picture was quantised before, so each gets a few trials, the nearest relatives first.
 */
const otherTables: readonly (readonly [table: number, size: number])[] = [
  [2, 0.985],
  [5, 0.95],
  [4, 1],
  [3, 0.945],
  [6, 1.02],
  [8, 1.45],
  [7, 1.65],
];

const trialsPerTable = 3;

async function searchBetween(under: EncodingTrial, maxQuality: number, attempt: Attempt) {
  let best = under;
  for (const [quantisationTable, size] of otherTables) {
    const first = predictQuality(under.setting.quality, under.fill * size);
    const base = { ...under.setting, quantisationTable };
    const found = await searchQuality(base, first, maxQuality, attempt, trialsPerTable);
    best = better(best, found.under) ?? best;
    if (isClose(best)) break;
  }
  return best;
}

const maxScaleTrials = 12;

/**
 * Gives up pixels at the floor quality. Size follows scale smoothly but for a jump at 1, where resampling starts to
 * smooth: near it quality is raised again instead.
 */
async function searchScale(over: EncodingTrial, minScale: number, attempt: Attempt) {
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
    if (high === 1 && low > 0.97) return await raiseQuality(trial, attempt);
    scale = nextScale(scale, trial.fill, low, high);
  }
  return best;
}

async function raiseQuality(floor: EncodingTrial, attempt: Attempt) {
  const { under } = await searchQuality(floor.setting, predictQuality(floorQuality, floor.fill), 100, attempt, 6);
  const best = better(floor, under) ?? floor;
  return isClose(best) ? best : await searchBetween(best, 100, attempt);
}

/** Bytes grow a little slower than the area. */
function nextScale(from: number, fill: number, low: number, high: number): number {
  const wanted = from * (aim / fill) ** (1 / 1.8);
  if (wanted > low && wanted < high) return wanted;
  return wanted <= low ? low : (from + high) / 2;
}
