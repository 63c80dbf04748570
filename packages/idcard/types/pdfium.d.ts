/**
 * What core uses of @hyzyla/pdfium, typed by hand: the package's own types need a browser's WebAssembly types and cannot
 * be checked here. `tsconfig.json` maps the package to this file.
 */
interface Page {
  /** In points, 1/72 inch. */
  getOriginalSize(): { originalWidth: number; originalHeight: number };
  /** RGBA rows from the top on a white background; can be called once per page. */
  render(options: { width: number; height: number; render: 'bitmap' }): Promise<{ data: Uint8Array }>;
}
interface Document {
  getPageCount(): number;
  getPage(index: number): Page;
}
export declare class PDFiumLibrary {
  static init(): Promise<PDFiumLibrary>;
  loadDocument(bytes: Uint8Array, password?: string): Promise<Document>;
}
