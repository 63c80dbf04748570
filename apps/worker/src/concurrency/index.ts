export { MIN_CARDS } from './cards-in-flight.ts';
export { createFlowMeter, type FlowMeter } from './flow-meter.ts';
export { createGateHold, type GateHold } from './gate-hold.ts';
export { createGovernor, type Governor } from './governor.ts';
export { watchLoopLag } from './loop-lag.ts';
export { type CardTap, createCardTap } from './tap.ts';
