import { OstinatoError } from '@ostinato/core';

/** Bytes or text that are no OTLP request. */
export function malformed(what: string, cause?: unknown): OstinatoError {
  return new OstinatoError('OSTINATO_MALFORMED_OTLP', `not an OTLP message: ${what}`, { cause });
}

/**
 * Messages in messages, at most: the limit of protobuf's own decoders. A value of a data point's attribute is the
 * eighth.
 */
export const MAX_DEPTH = 100;
