export { type MetricProducerOptions, metricProducer, type ReadableRecorder } from './producer.ts';
export type { ReaderTemporality, TemporalityOption } from './temporality.ts';
