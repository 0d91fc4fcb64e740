/** Bytes or text that are no OTLP request. */
export class MalformedOtlpError extends Error {
  override readonly name = 'MalformedOtlpError';
  readonly code = 'OTLP_MALFORMED';
}

/**
 * Messages in messages, at most: the limit of protobuf's own decoders. A value of a data point's attribute is the
 * eighth.
 */
export const MAX_DEPTH = 100;
