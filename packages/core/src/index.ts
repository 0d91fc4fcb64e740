export { withLabels } from './context-labels.ts';
export type { Counter } from './counter.ts';
export { CounterCell, type CounterStore } from './counter-cell.ts';
export { OstinatoError, RecorderAlreadyInstalledError } from './errors.ts';
export {
  counter,
  defineCounter,
  defineGauge,
  defineHistogram,
  describeCounter,
  describeGauge,
  describeHistogram,
  gauge,
  histogram,
  observeCounter,
  observeGauge,
} from './facade.ts';
export type { Family, FamilyTimer, HistogramFamily } from './family.ts';
export type { Gauge } from './gauge.ts';
export { checkRecorder, globalRecorder, type Installation, setGlobalRecorder } from './global.ts';
export type { Histogram } from './histogram.ts';
export { isMetricName, labelNameProblem, makeKey, NAME_RULE, readLabels } from './key.ts';
export type { Label, Labels, LabelValue, Named, Values } from './labels.ts';
export { withLocalRecorder } from './local.ts';
export type {
  DefineCounter,
  DefineGauge,
  DefineHistogram,
  HistogramOptions,
  MetricOptions,
  Metrics,
  Observe,
  ScopeOptions,
} from './metrics.ts';
export type { Observation } from './observe.ts';
export { OptionCheck } from './option-check.ts';
export type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Key,
  Kind,
  Level,
  Meta,
  ObservedKind,
  Recorder,
  RefusalReason,
  Scope,
  SeriesLabelValue,
  Unit,
} from './recorder.ts';
export { REVOKED, UNOPENED } from './recorder.ts';
export { type Reporter, report, setReporter } from './report.ts';
export { scope } from './scope.ts';
export type {
  EndedSeries,
  Exemplar,
  MetricType,
  NumberSeries,
  ScopeSnapshot,
  SeriesCursor,
  SeriesNotes,
  SeriesNumbers,
  SeriesRun,
  SeriesSource,
  Snapshot,
  SnapshotMetric,
  Temporality,
} from './snapshot.ts';
export { SNAPSHOT } from './snapshot.ts';
export { currentEpoch, nextEpoch as rebind } from './state.ts';
export { editDistance } from './text.ts';
export type { Timer } from './timer.ts';
export {
  type ActiveSpan,
  activeSpan,
  isTracing,
  setTraceContext,
  type TraceContext,
} from './trace.ts';
