/** Writes small PDFs for tests. Never part of the service. */

export interface PdfRequest {
  /** In points. */
  widthPt?: number;
  heightPt?: number;
  pages?: number;
  /** Drawing operators of the first page. */
  content?: string;
  /** Entries of further objects, referenced from 9 on. */
  objects?: readonly Buffer[];
  resources?: string;
}

export function makePdf(request: PdfRequest = {}): Buffer {
  const { widthPt = 200, heightPt = 100, pages = 1, content = '1 0 0 rg 0 0 100 100 re f', objects = [] } = request;
  const box = `/MediaBox[0 0 ${widthPt} ${heightPt}]`;
  const page = (contents: string) =>
    `<</Type/Page/Parent 2 0 R${box}/Resources<<${request.resources ?? ''}>>${contents}>>`;
  const kids = Array.from({ length: pages }, (_, n) => (n === 0 ? '3 0 R' : '5 0 R')).join(' ');
  const numbered: [number, Buffer][] = [
    [1, Buffer.from('<</Type/Catalog/Pages 2 0 R>>')],
    [2, Buffer.from(`<</Type/Pages/Kids[${kids}]/Count ${pages}>>`)],
    [3, Buffer.from(page('/Contents 4 0 R'))],
    [4, streamOf('', Buffer.from(content))],
    [5, Buffer.from(page(''))],
    ...objects.map((object, n): [number, Buffer] => [9 + n, object]),
  ];
  const parts = numbered.flatMap(([n, body]) => [Buffer.from(`${n} 0 obj`), body, Buffer.from('endobj\n')]);
  return Buffer.concat([Buffer.from('%PDF-1.4\n'), ...parts, Buffer.from('trailer<</Root 1 0 R>>\n%%EOF\n')]);
}

export function streamOf(entries: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`<<${entries}/Length ${data.length}>>stream\n`),
    data,
    Buffer.from('\nendstream '),
  ]);
}
