/**
 * What travels: one unit is one request, one line of the log, one step of its cursor and one thing to retry.
 * At most 256 KiB of protobuf, and at most 1 MiB as a line of JSON.
 */
export interface Unit {
  /** A serialized `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest` with one ResourceMetrics. */
  readonly bytes: Uint8Array;
  /** Data points in it. */
  readonly points: number;
  /** Identity of the resource: equal for equal resources, also in another process. */
  readonly resource: string;
}
