/**
 * Types for the part of zxing-wasm that the emulator uses. The package's own types need browser types and do not compile here.
 * `tsconfig.json` maps both entry points to this file.
 */
interface ModuleOptions {
  overrides: { wasmBinary: ArrayBuffer };
  fireImmediately: true;
}
export function prepareZXingModule(options: ModuleOptions): Promise<unknown>;

export interface Pixels {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}
interface Point {
  x: number;
  y: number;
}
interface Found {
  bytes: Uint8Array;
  isValid: boolean;
  position: { topLeft: Point; topRight: Point; bottomLeft: Point; bottomRight: Point };
}
export function readBarcodes(input: Pixels, options: Record<string, unknown>): Promise<Found[]>;

interface Written {
  symbol: { data: Uint8ClampedArray; width: number; height: number };
  error: string;
}
export function writeBarcode(input: string | Uint8Array, options: Record<string, unknown>): Promise<Written>;
