export type {
  DeliveryOptions,
  FallbackOptions,
  HeadersCallback,
  HistogramAggregation,
  MemoryOptions,
  OtlpMetricExporterOptions,
  RetryOptions,
  TemporalityPreference,
  TlsOptions,
  WithDeliveryOptions,
} from './config/options.ts';
export type { ExportResult } from './deliver/accept.ts';
export type { Account } from './deliver/account.ts';
export type { State } from './deliver/destination.ts';
export type { Logger } from './deliver/narrator.ts';
export type { ExporterStatus } from './delivery.ts';
export { decodeRequest } from './encode/decode.ts';
export type {
  AnyValue,
  Exemplar,
  ExponentialHistogramDataPoint,
  ExportMetricsServiceRequest,
  HistogramDataPoint,
  KeyValue,
  Metric,
  NumberDataPoint,
  ResourceMetrics,
  ScopeMetrics,
  SummaryDataPoint,
} from './encode/messages.ts';
export { type AggregationOption, OtlpMetricExporter } from './exporter.ts';
export { defaultDirectory } from './log/directory.ts';
export {
  type DeliveringExporter,
  type PushExporter,
  type WithDelivery,
  withDelivery,
} from './with-delivery.ts';
