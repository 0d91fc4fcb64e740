/**
 * The fields of the OTLP metrics messages (opentelemetry-proto v1.11): the one table behind the protobuf encoder,
 * the decoder, the lines of the log and the splitter. Fields stand in the order in which this package writes them,
 * which is that of the stock serializer; what that one cannot write comes last. Last of all: what an answer may hold.
 */
import type * as otlp from './messages.ts';

export type ScalarType =
  | 'string'
  /** In JSON: base64. */
  | 'bytes'
  /** Bytes that are hex in JSON. */
  | 'id'
  | 'bool'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'int64'
  | 'uint64'
  | 'uint32'
  | 'sint32'
  | 'enum';

/** Every field number of these messages is below 16, so that every tag is one byte. */
type FieldNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

export interface Field {
  /** In JSON. */
  readonly name: string;
  readonly type: ScalarType | 'message';
  /** Of a field of type `message`. */
  readonly message: Message | undefined;
  readonly repeated: boolean;
  /** The field belongs to the message's oneof; no message here has two. */
  readonly oneof: boolean;
  /** The wire type of one value; a packed list of numbers is length-delimited. */
  readonly wire: number;
  readonly packed: boolean;
  /** Number and wire type, as written. */
  readonly tag: number;
}

export interface Message {
  /** In the order of writing. */
  readonly fields: readonly Field[];
  /** Sparse. */
  readonly byNumber: readonly (Field | undefined)[];
}

interface Spec {
  readonly n: FieldNumber;
  readonly type: ScalarType | Message;
  readonly repeated?: true;
  readonly oneof?: true;
}

/** The compiler holds the table and the types together: all fields of `T` and no others. */
type Specs<T> = { readonly [K in keyof Required<T>]: Spec };

interface Mutable {
  readonly fields: Field[];
  readonly byNumber: (Field | undefined)[];
}

const declare = (): Mutable => ({ fields: [], byNumber: [] });

function wireOf(type: ScalarType | Message): number {
  switch (type) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return FIXED64;
    case 'bool':
    case 'int64':
    case 'uint64':
    case 'uint32':
    case 'sint32':
    case 'enum':
      return VARINT;
    default:
      return LENGTH_DELIMITED;
  }
}

function define<T>(specs: Specs<T>, message: Mutable = declare()): Message {
  for (const [name, { n, type, repeated = false, oneof = false }] of Object.entries<Spec>(specs)) {
    const wire = wireOf(type);
    const packed = repeated && wire !== LENGTH_DELIMITED;
    const field: Field = {
      name,
      type: typeof type === 'string' ? type : 'message',
      message: typeof type === 'string' ? undefined : type,
      repeated,
      oneof,
      wire,
      packed,
      tag: (n << 3) | (packed ? LENGTH_DELIMITED : wire),
    };
    message.fields.push(field);
    message.byNumber[n] = field;
  }
  return message;
}

/** Declared first because values contain values. */
const anyValue = declare();

export const keyValue = define<otlp.KeyValue>({
  key: { n: 1, type: 'string' },
  value: { n: 2, type: anyValue },
});

export const arrayValue = define<otlp.ArrayValue>({
  values: { n: 1, type: anyValue, repeated: true },
});

export const keyValueList = define<otlp.KeyValueList>({
  values: { n: 1, type: keyValue, repeated: true },
});

define<otlp.AnyValue>(
  {
    stringValue: { n: 1, type: 'string', oneof: true },
    boolValue: { n: 2, type: 'bool', oneof: true },
    intValue: { n: 3, type: 'int64', oneof: true },
    doubleValue: { n: 4, type: 'double', oneof: true },
    arrayValue: { n: 5, type: arrayValue, oneof: true },
    kvlistValue: { n: 6, type: keyValueList, oneof: true },
    bytesValue: { n: 7, type: 'bytes', oneof: true },
  },
  anyValue,
);

export { anyValue };

export const exemplar = define<otlp.Exemplar>({
  timeUnixNano: { n: 2, type: 'fixed64' },
  asDouble: { n: 3, type: 'double', oneof: true },
  asInt: { n: 6, type: 'sfixed64', oneof: true },
  filteredAttributes: { n: 7, type: keyValue, repeated: true },
  spanId: { n: 4, type: 'id' },
  traceId: { n: 5, type: 'id' },
});

export const numberDataPoint = define<otlp.NumberDataPoint>({
  startTimeUnixNano: { n: 2, type: 'fixed64' },
  timeUnixNano: { n: 3, type: 'fixed64' },
  asDouble: { n: 4, type: 'double', oneof: true },
  asInt: { n: 6, type: 'sfixed64', oneof: true },
  attributes: { n: 7, type: keyValue, repeated: true },
  flags: { n: 8, type: 'uint32' },
  exemplars: { n: 5, type: exemplar, repeated: true },
});

export const histogramDataPoint = define<otlp.HistogramDataPoint>({
  startTimeUnixNano: { n: 2, type: 'fixed64' },
  timeUnixNano: { n: 3, type: 'fixed64' },
  count: { n: 4, type: 'fixed64' },
  sum: { n: 5, type: 'double' },
  bucketCounts: { n: 6, type: 'fixed64', repeated: true },
  explicitBounds: { n: 7, type: 'double', repeated: true },
  attributes: { n: 9, type: keyValue, repeated: true },
  flags: { n: 10, type: 'uint32' },
  min: { n: 11, type: 'double' },
  max: { n: 12, type: 'double' },
  exemplars: { n: 8, type: exemplar, repeated: true },
});

export const buckets = define<otlp.Buckets>({
  offset: { n: 1, type: 'sint32' },
  bucketCounts: { n: 2, type: 'uint64', repeated: true },
});

export const exponentialHistogramDataPoint = define<otlp.ExponentialHistogramDataPoint>({
  attributes: { n: 1, type: keyValue, repeated: true },
  startTimeUnixNano: { n: 2, type: 'fixed64' },
  timeUnixNano: { n: 3, type: 'fixed64' },
  count: { n: 4, type: 'fixed64' },
  sum: { n: 5, type: 'double' },
  scale: { n: 6, type: 'sint32' },
  zeroCount: { n: 7, type: 'fixed64' },
  positive: { n: 8, type: buckets },
  negative: { n: 9, type: buckets },
  flags: { n: 10, type: 'uint32' },
  min: { n: 12, type: 'double' },
  max: { n: 13, type: 'double' },
  zeroThreshold: { n: 14, type: 'double' },
  exemplars: { n: 11, type: exemplar, repeated: true },
});

const valueAtQuantile = define<otlp.ValueAtQuantile>({
  quantile: { n: 1, type: 'double' },
  value: { n: 2, type: 'double' },
});

const summaryDataPoint = define<otlp.SummaryDataPoint>({
  startTimeUnixNano: { n: 2, type: 'fixed64' },
  timeUnixNano: { n: 3, type: 'fixed64' },
  count: { n: 4, type: 'fixed64' },
  sum: { n: 5, type: 'double' },
  quantileValues: { n: 6, type: valueAtQuantile, repeated: true },
  attributes: { n: 7, type: keyValue, repeated: true },
  flags: { n: 8, type: 'uint32' },
});

export const gauge = define<otlp.Gauge>({
  dataPoints: { n: 1, type: numberDataPoint, repeated: true },
});

export const sum = define<otlp.Sum>({
  dataPoints: { n: 1, type: numberDataPoint, repeated: true },
  aggregationTemporality: { n: 2, type: 'enum' },
  isMonotonic: { n: 3, type: 'bool' },
});

export const histogram = define<otlp.Histogram>({
  dataPoints: { n: 1, type: histogramDataPoint, repeated: true },
  aggregationTemporality: { n: 2, type: 'enum' },
});

export const exponentialHistogram = define<otlp.ExponentialHistogram>({
  dataPoints: { n: 1, type: exponentialHistogramDataPoint, repeated: true },
  aggregationTemporality: { n: 2, type: 'enum' },
});

export const summary = define<otlp.Summary>({
  dataPoints: { n: 1, type: summaryDataPoint, repeated: true },
});

export const metric = define<otlp.Metric>({
  name: { n: 1, type: 'string' },
  description: { n: 2, type: 'string' },
  unit: { n: 3, type: 'string' },
  gauge: { n: 5, type: gauge, oneof: true },
  sum: { n: 7, type: sum, oneof: true },
  histogram: { n: 9, type: histogram, oneof: true },
  exponentialHistogram: { n: 10, type: exponentialHistogram, oneof: true },
  summary: { n: 11, type: summary, oneof: true },
  metadata: { n: 12, type: keyValue, repeated: true },
});

export const instrumentationScope = define<otlp.InstrumentationScope>({
  name: { n: 1, type: 'string' },
  version: { n: 2, type: 'string' },
  attributes: { n: 3, type: keyValue, repeated: true },
  droppedAttributesCount: { n: 4, type: 'uint32' },
});

export const scopeMetrics = define<otlp.ScopeMetrics>({
  scope: { n: 1, type: instrumentationScope },
  metrics: { n: 2, type: metric, repeated: true },
  schemaUrl: { n: 3, type: 'string' },
});

const entityRef = define<otlp.EntityRef>({
  schemaUrl: { n: 1, type: 'string' },
  type: { n: 2, type: 'string' },
  idKeys: { n: 3, type: 'string', repeated: true },
  descriptionKeys: { n: 4, type: 'string', repeated: true },
});

export const resource = define<otlp.Resource>({
  attributes: { n: 1, type: keyValue, repeated: true },
  droppedAttributesCount: { n: 2, type: 'uint32' },
  entityRefs: { n: 3, type: entityRef, repeated: true },
});

export const resourceMetrics = define<otlp.ResourceMetrics>({
  resource: { n: 1, type: resource },
  scopeMetrics: { n: 2, type: scopeMetrics, repeated: true },
  schemaUrl: { n: 3, type: 'string' },
});

export const exportMetricsServiceRequest = define<otlp.ExportMetricsServiceRequest>({
  resourceMetrics: { n: 1, type: resourceMetrics, repeated: true },
});

const exportMetricsPartialSuccess = define<otlp.ExportMetricsPartialSuccess>({
  rejectedDataPoints: { n: 1, type: 'int64' },
  errorMessage: { n: 2, type: 'string' },
});

export const exportMetricsServiceResponse = define<otlp.ExportMetricsServiceResponse>({
  partialSuccess: { n: 1, type: exportMetricsPartialSuccess },
});

const any = define<otlp.Any>({
  typeUrl: { n: 1, type: 'string' },
  value: { n: 2, type: 'bytes' },
});

export const rpcStatus = define<otlp.RpcStatus>({
  details: { n: 3, type: any, repeated: true },
});

const duration = define<otlp.Duration>({
  seconds: { n: 1, type: 'int64' },
  nanos: { n: 2, type: 'int64' },
});

export const retryInfo = define<otlp.RetryInfo>({
  retryDelay: { n: 1, type: duration },
});

/** The tag of a field, looked up once when the encoder is loaded. */
export function tag(message: Message, name: string): number {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`the OTLP schema has no field ${name} here`);
  return field.tag;
}
