export { loadLua } from './load-lua.ts';
