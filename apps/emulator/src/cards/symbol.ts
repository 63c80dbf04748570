// Writes and finds the QR symbol that contains the mark, with a WebAssembly library that is loaded from disk.
// It must never fetch anything from the network.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { prepareZXingModule as prepareReader, readBarcodes } from 'zxing-wasm/reader';
import { prepareZXingModule as prepareWriter, writeBarcode } from 'zxing-wasm/writer';

/** A square symbol without a quiet zone. `modules[row * side + column]` is true for a dark module. */
export interface SymbolMatrix {
  side: number;
  modules: boolean[];
}

export interface Point {
  x: number;
  y: number;
}

/** A symbol in an image: its content and the pixel positions of the corners of the upright symbol. */
export interface FoundSymbol {
  bytes: Uint8Array;
  topLeft: Point;
  topRight: Point;
  bottomLeft: Point;
}

type ReaderInput = Parameters<typeof readBarcodes>[0];

const resolve = createRequire(import.meta.url).resolve;
let writerReady: Promise<unknown> | undefined;
let readerReady: Promise<unknown> | undefined;

async function binaryOf(name: 'reader' | 'writer'): Promise<ArrayBuffer> {
  const file = await readFile(resolve(`zxing-wasm/${name}/zxing_${name}.wasm`));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
}

/** Uses medium error correction: it needs a quarter more modules, and strongly compressed images stay readable. */
export async function writeSymbol(bytes: Uint8Array): Promise<SymbolMatrix> {
  writerReady ??= binaryOf('writer').then((wasmBinary) =>
    prepareWriter({ overrides: { wasmBinary }, fireImmediately: true }),
  );
  await writerReady;
  const { symbol, error } = await writeBarcode(bytes, {
    format: 'QRCode',
    options: 'ecLevel=M',
    scale: 1,
    addQuietZones: false,
  });
  if (error) throw new Error(`the mark could not be written: ${error}`);
  return { side: symbol.width, modules: Array.from(symbol.data, (value) => value === 0) };
}

/**
 * Looks for one QR symbol.
 * @param grey one byte per pixel, row by row
 */
export async function findSymbol(grey: Uint8Array, width: number, height: number): Promise<FoundSymbol | undefined> {
  readerReady ??= binaryOf('reader').then((wasmBinary) =>
    prepareReader({ overrides: { wasmBinary }, fireImmediately: true }),
  );
  await readerReady;
  const [found] = await readBarcodes(toImageData(grey, width, height), {
    formats: ['QRCode'],
    maxNumberOfSymbols: 1,
    tryHarder: true,
    tryRotate: false,
    tryInvert: false,
    tryDownscale: true,
  });
  if (!found?.isValid) return undefined;
  const { topLeft, topRight, bottomLeft } = found.position;
  return { bytes: found.bytes, topLeft, topRight, bottomLeft };
}

/** The library accepts only RGBA. */
function toImageData(grey: Uint8Array, width: number, height: number): ReaderInput {
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | ((grey[i] ?? 0) * 0x010101);
  return { data: new Uint8ClampedArray(pixels.buffer), width, height, colorSpace: 'srgb' } as ReaderInput;
}
