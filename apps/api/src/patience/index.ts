export { createPatience, LATE, type Patience } from './patience.ts';
