export { createGovernor } from './concurrency-controller.ts';
export { watchLoopLag } from './event-loop-lag.ts';
export { createFlowMeter, type FlowMeter } from './flow-meter.ts';
export { createGateHold, type GateHold } from './gate-hold.ts';
export { createCardTap } from './job-intake.ts';
export { MIN_CARDS } from './jobs-in-flight.ts';
