export { BARE_IMAGE, parseImages } from './images.ts';
export { parseJsonBodies } from './json-bodies.ts';
export { describeTakes, MAX_TERMS_BYTES, maxBodyBytes, type Takes } from './takes.ts';
