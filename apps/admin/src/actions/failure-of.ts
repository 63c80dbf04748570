/** Maps an error to the status and the code of the response. */
import { CardsealError } from '@cardseal/base/errors';

const REJECTIONS: Record<string, number> = { forbidden: 403, not_found: 404, invalid_request: 400 };

export function failureOf(error: unknown): { status: number; code: string } {
  if (error instanceof CardsealError) {
    const { disposition, code } = error;
    if (disposition === 'rejected') return { status: REJECTIONS[code] ?? 409, code };
    return { status: disposition === 'defect' ? 500 : 503, code };
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  return { status, code: status >= 500 ? 'internal' : 'invalid_request' };
}
