export { createConcurrencyController } from './concurrency-controller.ts';
export { watchLoopLag } from './event-loop-lag.ts';
export { createFlowMeter, type FlowMeter } from './flow-meter.ts';
export { createGateHold, type GateHold } from './gate-hold.ts';
export { createJobIntake } from './job-intake.ts';
export { MIN_JOBS } from './jobs-in-flight.ts';
