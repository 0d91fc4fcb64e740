import { diag } from '@opentelemetry/api';
import { OstinatoError } from '@ostinato/core';
import type { DeliveryConfig } from './config/delivery.ts';
import { Acceptor, type ExportResult } from './deliver/accept.ts';
import type { Account } from './deliver/account.ts';
import { atExit } from './deliver/at-exit.ts';
import { Destination, type State } from './deliver/destination.ts';
import { type Logger, Narrator } from './deliver/narrator.ts';
import { type Runtime, systemRuntime } from './deliver/runtime.ts';
import { encodeBatch } from './encode/batch.ts';
import type { MetricsBatch } from './encode/sdk-types.ts';
import { splitUnit } from './encode/split.ts';
import type { FallbackLog } from './log/log.ts';
import { type LogOptions, openLog } from './log/open.ts';
import { SelfMetrics } from './self-metrics.ts';
import type { Transport } from './transport/transport.ts';

const UNIT_BYTES = 256 * 1024;

/** How the exporter is doing: for tools and people, at no cost. */
export interface ExporterStatus {
  readonly state: State;
  /** Where it sends to, without secrets; of a wrapped exporter, its class. */
  readonly endpoint: string;
  /** What became of every data point. */
  readonly account: Account;
  /** What waits in memory. */
  readonly memory: { readonly units: number; readonly points: number; readonly bytes: number };
  /** What waits in the fallback log, if there is one; `bytes` are those on disk. */
  readonly log:
    | { readonly directory: string; readonly units: number; readonly points: number; readonly bytes: number }
    | undefined;
}

/** What it delivers with; a test replaces what it needs to own. */
export interface DeliveryParts {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly openLog: (options: LogOptions) => FallbackLog;
  readonly encode: typeof encodeBatch;
}

export interface DeliveryTarget {
  /** For humans, without secrets. */
  readonly name: string;
  /** Over TLS, for the diagnosis; undefined where that is not known. */
  readonly secure: boolean | undefined;
  /** Deadline of one attempt. */
  readonly timeoutMillis: number;
  /** Points that say where a series begins and ends; not for what is read by others' code. */
  readonly zeroPoints: boolean;
  readonly transport: Transport;
}

/** Where warnings and changes of state go unless the caller has a logger of its own. */
export function defaultLogger(): Logger {
  return diag.createComponentLogger({ namespace: '@ostinato/otlp' });
}

/** Everything between `export()` and a transport: acceptance, lines, backoff, log and replay, from start to end. */
export class Delivery {
  readonly #config: DeliveryConfig;
  readonly #name: string;
  readonly #zeroPoints: boolean;
  readonly #destination: Destination;
  readonly #acceptor: Acceptor;
  readonly #log: FallbackLog | undefined;
  readonly #encode: typeof encodeBatch;
  readonly #selfMetrics: SelfMetrics;
  readonly #forgetExit: () => void;
  #shutdown: Promise<void> | undefined;
  /** How many answers there were when a flush ran out of time. */
  #unheardSince: number | undefined;

  /** Throws `OSTINATO_LOG_DIRECTORY` for a directory of the log that cannot be used. */
  constructor(config: DeliveryConfig, target: DeliveryTarget, parts: Partial<DeliveryParts>) {
    const { fallback } = config;
    const { runtime = systemRuntime, logger = defaultLogger() } = parts;
    this.#config = config;
    this.#name = target.name;
    this.#zeroPoints = target.zeroPoints;
    this.#encode = parts.encode ?? encodeBatch;
    this.#log =
      fallback &&
      (parts.openLog ?? openLog)({
        ...fallback,
        onDropped: (dropped) => this.#destination.lostByLog(dropped),
      });
    this.#destination = new Destination({
      transport: target.transport,
      secure: target.secure,
      log: this.#log,
      durability: fallback?.durability ?? 'outage',
      timeoutMillis: target.timeoutMillis,
      retry: config.retry,
      memory: config.memory,
      runtime,
      narrator: new Narrator(logger, target.name, fallback?.directory),
      split: splitUnit,
      onAttempt: (code, millis) => this.#selfMetrics.attempted(code, millis),
    });
    this.#acceptor = new Acceptor(this.#destination, runtime, config.acceptMillis);
    this.#forgetExit = atExit(() => this.shutdownSync());
    this.#selfMetrics = new SelfMetrics(() => this.status());
    this.#destination.start();
  }

  /** See `OtlpMetricExporter.export`. */
  export(metrics: MetricsBatch, resultCallback: (result: ExportResult) => void): void {
    if (this.#shutdown !== undefined || this.#destination.state === 'closed') {
      resultCallback({
        code: 1,
        error: new OstinatoError('OSTINATO_SHUTDOWN', 'the exporter was shut down'),
      });
      return;
    }
    let encoded: ReturnType<typeof encodeBatch>;
    try {
      this.#selfMetrics.update();
      encoded = this.#encode(metrics, {
        maxBytes: Math.min(UNIT_BYTES, this.#destination.limit),
        onRead: (millis) => this.#selfMetrics.collected(millis),
        zeroPoints: this.#zeroPoints,
      });
    } catch (cause) {
      const error = new OstinatoError('OSTINATO_EXPORT', 'the metrics cannot be encoded', { cause });
      resultCallback({ code: 1, error });
      return;
    }
    this.#acceptor.accept(encoded, resultCallback);
  }

  /** Delivers what was exported, for at most `flushMillis`; in an outage it is left to the log at once. Never rejects. */
  async forceFlush(): Promise<void> {
    await this.#acceptor.drained();
    const settled = await this.#destination.settle(this.#config.flushMillis, 'away');
    this.#unheardSince = settled === 'timed out' ? this.#destination.answers : undefined;
    await this.#destination.spill();
  }

  /** Ends it; rejects, last of all, only if points were lost (`OSTINATO_POINTS_LOST`). */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end();
    return this.#shutdown;
  }

  /** Ends it within this call: what is not delivered is left to the log, or lost where there is none. */
  shutdownSync(): void {
    this.#shutdown ??= Promise.resolve();
    this.#acceptor.finish();
    this.#destination.closeSync();
    this.#forgetExit();
    this.#selfMetrics.end();
  }

  status(): ExporterStatus {
    const { state, account, memory, logged } = this.#destination;
    const directory = this.#config.fallback?.directory;
    const log = this.#log && directory !== undefined && { directory, ...logged, bytes: this.#log.bytes };
    return { state, endpoint: this.#name, account, memory, log: log || undefined };
  }

  async #end(): Promise<void> {
    await this.#acceptor.drained();
    // A stock reader flushes just before: a receiver that was waited for in vain then is not waited for again.
    if (this.#unheardSince !== this.#destination.answers)
      await this.#destination.settle(this.#config.flushMillis, 'away and safe');
    const lost = await this.#destination.close();
    this.#forgetExit();
    this.#selfMetrics.end();
    if (lost > 0) {
      throw new OstinatoError(
        'OSTINATO_POINTS_LOST',
        `${lost} points were lost: ${this.#name} did not take them, and ${this.#log ? 'the fallback log cannot be written' : 'there is no fallback log'}`,
      );
    }
  }
}
