export type { ManualTimer } from './clock.ts';
export { ManualClock } from './clock.ts';
export type { Answer, StatusName } from './collector/answers.ts';
export { hangUp, partialSuccess, silence, status, success } from './collector/answers.ts';
export type { Collector, CollectorOptions, ReceivedRequest, Script } from './collector/collector.ts';
export { startCollector } from './collector/collector.ts';
