export { type Authenticate, type Caller, createAuthenticate } from './authenticate.ts';
