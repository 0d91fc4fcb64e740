import type { FailedAttempt } from '../transport/transport.ts';

/** The gRPC status codes, by number. */
export const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

type StatusName = (typeof STATUS_NAMES)[number];

/** The name of a status code; codes outside the table are UNKNOWN to gRPC, too. */
export function statusName(code: number): StatusName {
  return STATUS_NAMES[code] ?? 'UNKNOWN';
}

/** What a failed attempt asks of the sender. */
export type Verdict =
  /** Try the same unit again, later. */
  | { readonly kind: 'retry'; readonly floorMillis: number }
  /** The receiver takes no more than `limit` bytes: send it in smaller parts. */
  | { readonly kind: 'too large'; readonly limit: number }
  /** This data is refused for good: sending it again is forbidden (OTLP specification, "Failures"). */
  | { readonly kind: 'data' }
  /** Nothing is wrong with the data: this destination takes none, until somebody mends it. */
  | { readonly kind: 'destination' };

const RETRYABLE: ReadonlySet<StatusName> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

const DESTINATION: ReadonlySet<StatusName> = new Set([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
]);

// `(4194305 vs. 4194304)` from grpc-go, `(4194305 vs 4194304)` from grpc-js, `after decompression larger than max
// 4194304` from grpc-go when gzip was on: the limit is always about the uncompressed size.
const LARGER_THAN_MAX = /larger than max \(?(?:\d+ vs\.? )?(\d+)/;

// grpc-js words these itself when a stream or connection broke before any status came: no receiver has judged
// the data, so the codes it puts there (INTERNAL, RESOURCE_EXHAUSTED) are not the receiver's.
const BROKEN_STREAM =
  /^Received RST_STREAM with code|^Bandwidth exhausted or memory limit exceeded|^No status information received|^Write error|^Failed to start HTTP\/2 stream/;

// And these when what answered was no gRPC receiver, or its answer could not be read, or the credentials could not be
// made: a proxy's error page is UNKNOWN or INTERNAL here.
const NO_ANSWER =
  /^Received HTTP status code|^Received message that decompresses to|^Failed to decompress|^Invalid status from control plane/;

// A proxy's limit, which it does not name.
const TOO_LARGE_FOR_PROXY = /^Received HTTP status code 413$/;

/** Sorts a failed attempt to send `size` bytes, by the table of the OTLP specification and DESIGN.md §6.5. */
export function classify(attempt: FailedAttempt, size: number): Verdict {
  const name = statusName(attempt.code);
  const retry: Verdict = { kind: 'retry', floorMillis: attempt.retryDelayMillis ?? 0 };
  if (RETRYABLE.has(name) || BROKEN_STREAM.test(attempt.details)) return retry;
  if (TOO_LARGE_FOR_PROXY.test(attempt.details)) return { kind: 'too large', limit: size - 1 };
  if (DESTINATION.has(name) || NO_ANSWER.test(attempt.details)) return { kind: 'destination' };
  if (name === 'RESOURCE_EXHAUSTED') {
    const limit = Number(LARGER_THAN_MAX.exec(attempt.details)?.[1] ?? Number.NaN);
    if (limit < size) return { kind: 'too large', limit };
    // A limit that the request does not exceed is our own, on the response: what answers there is no OTLP receiver.
    if (limit >= size) return { kind: 'destination' };
    if (attempt.retryDelayMillis !== undefined) return retry;
  }
  return { kind: 'data' };
}
