export { frozenEvent, plainEvent } from './freeze-event.ts';
