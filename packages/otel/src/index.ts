export { followTraces } from './active-span.ts';
export { type Bridge, type BridgeableRecorder, type BridgeOptions, bridgeInstruments } from './bridge.ts';
export type { StartExporterOptions, StartOptions } from './options.ts';
export { type MetricProducerOptions, metricProducer, type ReadableRecorder } from './producer.ts';
export type { Running } from './running.ts';
export { start } from './start.ts';
export type { TemporalityOption } from './temporality.ts';
export { type OuterSpans, outerSpans, type TraceLabels } from './trace-labels.ts';
