// The provider's error codes and messages. They are the body of every HTTP 200 response without a reading.

const MESSAGES: Record<number, string> = {
  1: 'Unknown error',
  2: 'Service temporarily unavailable',
  3: 'Unsupported openapi method',
  4: 'Open api request limit reached',
  6: 'No permission to access data',
  13: 'Get service token failed',
  14: 'IAM Certification failed',
  15: 'app not exsits or create failed',
  17: 'Open api daily request limit reached',
  18: 'Open api qps request limit reached',
  19: 'Open api total request limit reached',
  100: 'Invalid parameter',
  110: 'Access token invalid or no longer valid',
  111: 'Access token expired',
  216015: 'module closed',
  216100: 'invalid param',
  216101: 'not enough param',
  216102: 'service not support',
  216103: 'param too long',
  216110: 'appid not exist',
  216111: 'invalid userid',
  216200: 'empty image',
  216201: 'image format error',
  216202: 'image size error',
  216203: 'image process error',
  216205: 'input oversize',
  216300: 'process id card error',
  216400: 'process error',
  216401: 'process error',
  216604: 'total request limit reached',
  216630: 'recognize error',
  216633: 'recognize idcard error',
  216634: 'detect error',
  282000: 'internal error',
  282003: 'missing parameters',
  282100: 'image transcode error',
  282101: 'image split limit reached',
  282102: 'target detect error',
  282103: 'target recognize error',
  282810: 'image recognize error',
  283300: 'Invalid parameter',
  336000: 'Internal error',
  336001: 'Invalid Argument',
};

/** The body of an error response. In errors the provider sends `log_id` as a string. */
export function errorBody(code: number, logId: bigint): string {
  return JSON.stringify({ log_id: String(logId), error_code: code, error_msg: MESSAGES[code] ?? 'unknown error' });
}

/** Ends the processing of a request with the provider's error code. */
export class ProviderError extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`provider error ${code}`);
    this.code = code;
  }
}
