/**
 * The OTLP metrics messages as plain objects, in the shape of OTLP JSON: lowerCamelCase names, 64-bit integers as
 * decimal strings, trace and span ids in hex, other bytes in base64, enums as numbers. A field is there exactly
 * when it is on the wire, also with its default value.
 */
export interface ExportMetricsServiceRequest {
  resourceMetrics?: ResourceMetrics[];
}

export interface ExportMetricsServiceResponse {
  partialSuccess?: ExportMetricsPartialSuccess;
}

export interface ExportMetricsPartialSuccess {
  rejectedDataPoints?: string;
  errorMessage?: string;
}

export interface ResourceMetrics {
  resource?: Resource;
  scopeMetrics?: ScopeMetrics[];
  schemaUrl?: string;
}

export interface Resource {
  attributes?: KeyValue[];
  droppedAttributesCount?: number;
  entityRefs?: EntityRef[];
}

export interface EntityRef {
  schemaUrl?: string;
  type?: string;
  idKeys?: string[];
  descriptionKeys?: string[];
}

export interface ScopeMetrics {
  scope?: InstrumentationScope;
  metrics?: Metric[];
  schemaUrl?: string;
}

export interface InstrumentationScope {
  name?: string;
  version?: string;
  attributes?: KeyValue[];
  droppedAttributesCount?: number;
}

/** At most one of `gauge`, `sum`, `histogram`, `exponentialHistogram` and `summary`. */
export interface Metric {
  name?: string;
  description?: string;
  unit?: string;
  gauge?: Gauge;
  sum?: Sum;
  histogram?: Histogram;
  exponentialHistogram?: ExponentialHistogram;
  summary?: Summary;
  metadata?: KeyValue[];
}

export interface Gauge {
  dataPoints?: NumberDataPoint[];
}

export interface Sum {
  dataPoints?: NumberDataPoint[];
  /** 1 delta, 2 cumulative. */
  aggregationTemporality?: number;
  isMonotonic?: boolean;
}

export interface Histogram {
  dataPoints?: HistogramDataPoint[];
  /** 1 delta, 2 cumulative. */
  aggregationTemporality?: number;
}

export interface ExponentialHistogram {
  dataPoints?: ExponentialHistogramDataPoint[];
  /** 1 delta, 2 cumulative. */
  aggregationTemporality?: number;
}

export interface Summary {
  dataPoints?: SummaryDataPoint[];
}

/** At most one of `asDouble` and `asInt`; neither when `flags` says that no value was recorded. */
export interface NumberDataPoint {
  startTimeUnixNano?: string;
  timeUnixNano?: string;
  asDouble?: number;
  asInt?: string;
  attributes?: KeyValue[];
  flags?: number;
  exemplars?: Exemplar[];
}

export interface HistogramDataPoint {
  startTimeUnixNano?: string;
  timeUnixNano?: string;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
  attributes?: KeyValue[];
  flags?: number;
  min?: number;
  max?: number;
  exemplars?: Exemplar[];
}

export interface ExponentialHistogramDataPoint {
  attributes?: KeyValue[];
  startTimeUnixNano?: string;
  timeUnixNano?: string;
  count?: string;
  sum?: number;
  scale?: number;
  zeroCount?: string;
  positive?: Buckets;
  negative?: Buckets;
  flags?: number;
  min?: number;
  max?: number;
  zeroThreshold?: number;
  exemplars?: Exemplar[];
}

export interface Buckets {
  offset?: number;
  bucketCounts?: string[];
}

export interface SummaryDataPoint {
  startTimeUnixNano?: string;
  timeUnixNano?: string;
  count?: string;
  sum?: number;
  quantileValues?: ValueAtQuantile[];
  attributes?: KeyValue[];
  flags?: number;
}

export interface ValueAtQuantile {
  quantile?: number;
  value?: number;
}

/** At most one of `asDouble` and `asInt`. */
export interface Exemplar {
  timeUnixNano?: string;
  asDouble?: number;
  asInt?: string;
  filteredAttributes?: KeyValue[];
  spanId?: string;
  traceId?: string;
}

export interface KeyValue {
  key?: string;
  value?: AnyValue;
}

/** At most one field; none is the empty value. */
export interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: ArrayValue;
  kvlistValue?: KeyValueList;
  bytesValue?: string;
}

export interface ArrayValue {
  values?: AnyValue[];
}

export interface KeyValueList {
  values?: KeyValue[];
}

/** `google.rpc.Status`, as far as a client reads it: the value of the trailer `grpc-status-details-bin`. */
export interface RpcStatus {
  details?: Any[];
}

/** `google.protobuf.Any`: `value` holds a message of the type that `typeUrl` names. */
export interface Any {
  typeUrl?: string;
  value?: string;
}

/** `google.rpc.RetryInfo`. */
export interface RetryInfo {
  retryDelay?: Duration;
}

/** `google.protobuf.Duration`. */
export interface Duration {
  seconds?: string;
  nanos?: string;
}
