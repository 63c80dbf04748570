// The specimen generator, for the command line, the demo, tests and benchmarks.
export { runSpecimenCommand } from './command.ts';
export {
  type CardTruth,
  generateSpecimens,
  type Specimen,
  type SpecimenOptions,
  type SpecimenTruth,
} from './generate.ts';
export type { PictureFormat } from './picture.ts';
export { type Expectation, isScenario, type Outcome, SCENARIOS, type Scenario } from './scenarios.ts';
