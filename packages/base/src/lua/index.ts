export { type LuaConstant, loadLua, readLua, withConstants } from './load-lua.ts';
