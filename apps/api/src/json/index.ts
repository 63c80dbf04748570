export { checkStructure, MAX_DEPTH, MAX_STRUCTURE_CHARS, parseJson } from './parse-json.ts';
