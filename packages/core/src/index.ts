export { OstinatoError } from './errors.ts';
export type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Key,
  Kind,
  Level,
  Meta,
  Recorder,
  RefusalReason,
  Scope,
  SeriesLabelValue,
  Unit,
} from './recorder.ts';
export { REVOKED, UNOPENED } from './recorder.ts';
export type {
  MetricType,
  ScopeSnapshot,
  SeriesCursor,
  SeriesSource,
  Snapshot,
  SnapshotMetric,
  Temporality,
} from './snapshot.ts';
export { SNAPSHOT } from './snapshot.ts';
