import { retryDelayMillis } from './answer.ts';
import type { FailedAttempt } from './transport.ts';

const STATUSES = 17;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** What OTLP/HTTP means by a status (OTLP specification, "Failures"), as the gRPC status that means the same. */
const OF_HTTP: Readonly<Record<number, number>> = {
  400: INVALID_ARGUMENT,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
  429: UNAVAILABLE,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
};

/**
 * What an exporter's error tells of its attempt: a `ServiceError` of grpc-js has the status, the details and, in the
 * trailers, the `RetryInfo`; an OTLP/HTTP exporter's the status of HTTP. Any other is not known, and is taken for an
 * outage: the data was judged by nobody.
 */
export function failedAttempt(error: unknown): FailedAttempt {
  const { code, details, message, metadata } = (error ?? {}) as {
    readonly code?: unknown;
    readonly details?: unknown;
    readonly message?: unknown;
    readonly metadata?: { get?(key: string): readonly unknown[] } | null;
  };
  const said = typeof details === 'string' && details !== '' ? details : String(message ?? error ?? '');
  if (!Number.isInteger(code)) return attempt(UNAVAILABLE, said);
  const status = code as number;
  if (status > 0 && status < STATUSES) {
    const trailer = metadata?.get?.('grpc-status-details-bin')[0];
    return attempt(status, said, trailer instanceof Uint8Array ? retryDelayMillis(trailer) : undefined);
  }
  if (status < 400) return attempt(UNAVAILABLE, said);
  // The words of grpc-js for an answer that no receiver gave; 413 among them.
  return attempt(
    OF_HTTP[status] ?? UNKNOWN,
    OF_HTTP[status] === undefined ? `Received HTTP status code ${status}` : `HTTP ${status}: ${said}`,
  );
}

function attempt(code: number, details: string, retryDelay?: number): FailedAttempt {
  return { ok: false, code, details, retryDelayMillis: retryDelay };
}
