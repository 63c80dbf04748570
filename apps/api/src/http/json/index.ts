export { type JsonPlace, parseJson, readJson } from './parse-json.ts';
export { pointerToken } from './pointer.ts';
export { findDuplicates, MAX_DEPTH, MAX_STRUCTURE_CHARS } from './scan.ts';
