import { status as codes } from '@grpc/grpc-js';
import { OptionCheck } from '@ostinato/core';

/** The name of a gRPC status, such as `UNAVAILABLE`. */
export type StatusName = Exclude<keyof typeof codes, number>;

interface AnswerOptions {
  /** How long the collector thinks before it answers. Default 0. */
  readonly delayMillis?: number;
  /** Whether the collector keeps the data (and counts it as delivered). Default: only if it answers success. */
  readonly accepted?: boolean;
}

/** What a collector does with one request: plain data, made by the functions of this file. */
export type Answer = Required<AnswerOptions> &
  (
    | { readonly kind: 'success'; readonly rejectedPoints: number; readonly message: string }
    | {
        readonly kind: 'status';
        readonly code: number;
        readonly details: string;
        readonly retryDelayMillis: number | undefined;
      }
    | { readonly kind: 'silence' }
    | { readonly kind: 'hangUp' }
  );

/** The collector takes the data and says so. */
export function success({ delayMillis = 0, accepted = true }: AnswerOptions = {}): Answer {
  return { kind: 'success', rejectedPoints: 0, message: '', delayMillis, accepted };
}

/**
 * The request succeeds, but the collector refused some points (OTLP partial success: the client must not retry).
 * With 0 rejected points the message is a warning. Which points were refused is not said, on the wire or here:
 * the ledger counts all of them as delivered.
 */
export function partialSuccess(
  rejectedPoints: number,
  message = `${rejectedPoints} points rejected`,
  { delayMillis = 0, accepted = true }: AnswerOptions = {},
): Answer {
  return { kind: 'success', rejectedPoints, message, delayMillis, accepted };
}

/**
 * The collector answers a gRPC status, by name or number, other than OK. `retryDelayMillis` adds a
 * `google.rpc.RetryInfo`. `accepted: true` makes a collector that took the data and failed afterwards.
 */
export function status(
  nameOrCode: StatusName | number,
  options: AnswerOptions & { readonly details?: string; readonly retryDelayMillis?: number } = {},
): Answer {
  const code = typeof nameOrCode === 'number' ? nameOrCode : codes[nameOrCode];
  if (codes[code] === undefined || code === codes.OK) {
    const allowed = "a gRPC status other than OK, such as 'UNAVAILABLE' or 14";
    throw new OptionCheck('status').refused('the code', allowed, nameOrCode);
  }
  return {
    kind: 'status',
    code,
    details: options.details ?? '',
    retryDelayMillis: options.retryDelayMillis,
    delayMillis: options.delayMillis ?? 0,
    accepted: options.accepted ?? false,
  };
}

/** The collector reads the call and never answers it; the connection stays well. */
export function silence({ accepted = false }: Pick<AnswerOptions, 'accepted'> = {}): Answer {
  return { kind: 'silence', delayMillis: 0, accepted };
}

/** The connection breaks instead of an answer; with `accepted: true` only the acknowledgement was lost. */
export function hangUp({ delayMillis = 0, accepted = false }: AnswerOptions = {}): Answer {
  return { kind: 'hangUp', delayMillis, accepted };
}
