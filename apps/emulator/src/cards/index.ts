// The specimen generator, for the command line, the demo, tests and benchmarks.
export { runSpecimenCommand } from './command.ts';
export {
  generateSpecimens,
  type Specimen,
  type SpecimenOptions,
  type SpecimenTruth,
} from './generate.ts';
export type { PictureFormat } from './picture.ts';
export { SCENARIOS } from './scenarios.ts';
