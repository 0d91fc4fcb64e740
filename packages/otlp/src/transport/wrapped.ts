import type { MetricsBatch } from '../encode/sdk-types.ts';
import { toSdk } from '../encode/to-sdk.ts';
import { failedAttempt } from './failed.ts';
import type { Attempt, Transport } from './transport.ts';
import { untraced } from './untraced.ts';

/** What sends: `export()` of the SDK's `PushMetricExporter`. */
export interface Sender {
  export(
    metrics: MetricsBatch,
    resultCallback: (result: { readonly code: number; readonly error?: Error }) => void,
  ): unknown;
}

/** Calls back after a time that does not keep the process; returns how to stop it. */
type After = (millis: number, callback: () => void) => () => void;

const OK: Attempt = { ok: true, rejectedPoints: 0, message: '' };

/**
 * Sends through somebody's exporter: each unit is an export of its own. The exporter has a connection and a deadline of
 * its own, and cannot be cancelled; `timeoutMillis` is for one that never calls back, whatever the caller asks for.
 */
export class WrappedTransport implements Transport {
  /** Nobody tells. What fails is answered as far as is known, and is not made anew from here. */
  readonly ready = true;
  readonly #sender: Sender;
  readonly #after: After;
  readonly #timeoutMillis: number;

  constructor(sender: Sender, after: After, timeoutMillis: number) {
    this.#sender = sender;
    this.#after = after;
    this.#timeoutMillis = timeoutMillis;
  }

  send(bytes: Uint8Array, { signal }: Parameters<Transport['send']>[1]): Promise<Attempt> {
    if (signal?.aborted) return Promise.resolve(ended(CANCELLED, ''));
    return new Promise<Attempt>((resolve) => {
      const finish = (attempt: Attempt) => {
        cancel();
        signal?.removeEventListener('abort', abort);
        resolve(attempt);
      };
      const abort = () => finish(ended(CANCELLED, ''));
      const cancel = this.#after(this.#timeoutMillis, () =>
        finish(ended(DEADLINE_EXCEEDED, 'the exporter did not call back')),
      );
      signal?.addEventListener('abort', abort, { once: true });
      this.#export(bytes).then(finish);
    });
  }

  onReady(): () => void {
    return () => {};
  }

  recreate(): void {}

  close(): void {}

  #export(bytes: Uint8Array): Promise<Attempt> {
    const metrics = toSdk(bytes);
    // It held nothing but what the SDK has no form for.
    if (metrics.scopeMetrics.length === 0) return Promise.resolve(OK);
    return new Promise<Attempt>((resolve, reject) => {
      const work = untraced(() =>
        this.#sender.export(metrics, ({ code, error }) => resolve(code === 0 ? OK : failedAttempt(error))),
      );
      // An async method that throws gives a rejection, which would end the process if nobody heard it.
      Promise.resolve(work).catch(reject);
    }).catch(failedAttempt);
  }
}

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;

function ended(code: number, details: string): Attempt {
  return { ok: false, code, details, retryDelayMillis: undefined };
}
