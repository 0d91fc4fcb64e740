export type { ManualTimer } from './clock.ts';
export { ManualClock } from './clock.ts';
export type { Answer, StatusName } from './collector/answers.ts';
export { hangUp, partialSuccess, silence, status, success } from './collector/answers.ts';
export type { Collector, CollectorOptions, ReceivedRequest, Script } from './collector/collector.ts';
export { startCollector } from './collector/collector.ts';
export type { LedgerSeries } from './collector/ledger.ts';
export { Ledger, quantile, quantity } from './collector/ledger.ts';
export type {
  Attributes,
  AttributeValue,
  ExponentialBuckets,
  Point,
  PointExemplar,
} from './collector/points.ts';
export { decodePoints } from './collector/points.ts';
export { type ContractCase, recorderContract } from './contract/contract.ts';
export { type ContractSeries, type ContractSubject, readSnapshot } from './contract/subject.ts';
export { DebuggingRecorder } from './debugging/recorder.ts';
export type { LabelsAsked, Operation, RecordedSeries, Refusal } from './debugging/series.ts';
