export { parseJson, readJson } from './parse-json.ts';

export { findDuplicates, MAX_DEPTH, MAX_STRUCTURE_CHARS } from './scan.ts';
