import { diag } from '@opentelemetry/api';
import { OstinatoError } from '@ostinato/core';
import type { Environment } from './config/env.ts';
import type { OtlpMetricExporterOptions } from './config/options.ts';
import { type Config, resolveConfig } from './config/resolve.ts';
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
import { GrpcTransport } from './transport/grpc.ts';
import type { Transport } from './transport/transport.ts';

const UNIT_BYTES = 256 * 1024;

/** How the exporter is doing: for tools and people, at no cost. */
export interface ExporterStatus {
  readonly state: State;
  /** Where it sends to, without secrets. */
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

/** What the exporter is made of; a test replaces what it needs to own. */
export interface Parts {
  readonly runtime: Runtime;
  readonly env: Environment;
  readonly logger: Logger;
  readonly connect: (config: Config) => Transport;
  readonly openLog: (options: LogOptions) => FallbackLog;
  readonly encode: typeof encodeBatch;
}

/** An SDK's `AggregationOption`: what {@link OtlpMetricExporter.selectAggregation} gives. */
export interface AggregationOption {
  /** `AggregationType`: 0 the instrument's default, 5 an exponential histogram. */
  readonly type: 0 | 5;
}

// The SDK's AggregationTemporality and AggregationType.
const DELTA = 0;
const CUMULATIVE = 1;
const DEFAULT = { type: 0 } as const;
const EXPONENTIAL_HISTOGRAM = { type: 5 } as const;

// Per preference, the instrument types of the SDK that are exported as deltas (OTLP exporter specification). The
// synchronous gauge is among them as in the stock exporter: a gauge that is not set any more is not sent again.
const DELTAS: Readonly<Record<Config['temporality'], ReadonlySet<string>>> = {
  cumulative: new Set(),
  delta: new Set(['COUNTER', 'OBSERVABLE_COUNTER', 'GAUGE', 'OBSERVABLE_GAUGE', 'HISTOGRAM']),
  lowmemory: new Set(['COUNTER', 'HISTOGRAM']),
};

/**
 * Exports metrics over OTLP/gRPC and loses nothing: it retries with backoff, keeps what cannot be delivered in a
 * fallback log, and replays it in order when the collector is back, also after a restart.
 *
 * A `PushMetricExporter` of the OpenTelemetry SDK 2.x and 3.x, in the place of the stock `OTLPMetricExporter`:
 *
 * ```ts
 * new PeriodicExportingMetricReader({
 *   exporter: new OtlpMetricExporter({
 *     endpoint: 'http://collector:4317',
 *     fallback: { directory: '/var/lib/my-service/metrics' },
 *   }),
 * });
 * ```
 */
export class OtlpMetricExporter {
  readonly #config: Config;
  readonly #destination: Destination;
  readonly #acceptor: Acceptor;
  readonly #log: FallbackLog | undefined;
  readonly #encode: typeof encodeBatch;
  readonly #forgetExit: () => void;
  #shutdown: Promise<void> | undefined;
  /** How many answers there were when a flush ran out of time. */
  #unheardSince: number | undefined;

  /**
   * Throws an {@link OstinatoError} (`OSTINATO_INVALID_OPTION`, `OSTINATO_LOG_DIRECTORY`) for options that cannot be used. `parts` are
   * for tests.
   */
  constructor(options: OtlpMetricExporterOptions = {}, parts: Partial<Parts> = {}) {
    const logger = parts.logger ?? diag.createComponentLogger({ namespace: '@ostinato/otlp' });
    const runtime = parts.runtime ?? systemRuntime;
    const config = resolveConfig(options, parts.env ?? process.env, (text) => logger.warn(text));
    const { fallback } = config;
    this.#config = config;
    this.#encode = parts.encode ?? encodeBatch;
    this.#log =
      fallback &&
      (parts.openLog ?? openLog)({
        ...fallback,
        onDropped: (dropped) => this.#destination.lostByLog(dropped),
      });
    this.#destination = new Destination({
      transport: (parts.connect ?? connectGrpc)(config),
      secure: config.secure,
      log: this.#log,
      durability: fallback?.durability ?? 'outage',
      timeoutMillis: config.timeoutMillis,
      retry: config.retry,
      memory: config.memory,
      runtime,
      narrator: new Narrator(logger, config.endpoint.text, fallback?.directory),
      split: splitUnit,
    });
    this.#acceptor = new Acceptor(this.#destination, runtime, config.acceptMillis);
    this.#forgetExit = atExit(() => {
      this.#acceptor.finish();
      this.#destination.closeSync();
    });
    this.#destination.start();
  }

  /**
   * Takes the metrics and calls back once: SUCCESS (0) when they are delivered or safe in the fallback log, where they
   * are written after `acceptMillis` at the latest, or in memory if the log is off or cannot be written; FAILED (1) when
   * some of them are lost.
   * Calls may overlap; nothing of what is given is referred to afterwards.
   */
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
      encoded = this.#encode(metrics, { maxBytes: Math.min(UNIT_BYTES, this.#destination.limit) });
    } catch (cause) {
      const error = new OstinatoError('OSTINATO_EXPORT', 'the metrics cannot be encoded', { cause });
      resultCallback({ code: 1, error });
      return;
    }
    this.#acceptor.accept(encoded, resultCallback);
  }

  /**
   * Delivers what was exported, for at most `flushMillis`; in an outage it is left to the fallback log at once. Never
   * rejects: a stock reader would then skip `shutdown()`.
   */
  async forceFlush(): Promise<void> {
    await this.#acceptor.drained();
    const settled = await this.#destination.settle(this.#config.flushMillis, 'away');
    this.#unheardSince = settled === 'timed out' ? this.#destination.answers : undefined;
    await this.#destination.spill();
  }

  /**
   * Ends the exporter: what cannot be delivered within `flushMillis` is left to the fallback log. Rejects, last of
   * all, only if points were lost because there was no log to take them (`OSTINATO_POINTS_LOST`).
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end();
    return this.#shutdown;
  }

  /** Which temporality a reader shall give the metrics of an instrument type: 0 delta, 1 cumulative. */
  selectAggregationTemporality(instrumentType: string): 0 | 1 {
    return DELTAS[this.#config.temporality].has(instrumentType) ? DELTA : CUMULATIVE;
  }

  /** How a reader shall aggregate an instrument type that no view speaks of. */
  selectAggregation(instrumentType: string): AggregationOption {
    const exponential = this.#config.histogramAggregation === 'base2_exponential_bucket_histogram';
    return exponential && instrumentType === 'HISTOGRAM' ? EXPONENTIAL_HISTOGRAM : DEFAULT;
  }

  /** A snapshot of what it does and what became of every data point. */
  status(): ExporterStatus {
    const { state, account, memory, logged } = this.#destination;
    const directory = this.#config.fallback?.directory;
    const log = this.#log && directory !== undefined && { directory, ...logged, bytes: this.#log.bytes };
    return { state, endpoint: this.#config.endpoint.text, account, memory, log: log || undefined };
  }

  async #end(): Promise<void> {
    await this.#acceptor.drained();
    // A stock reader flushes just before: a receiver that was waited for in vain then is not waited for again.
    if (this.#unheardSince !== this.#destination.answers)
      await this.#destination.settle(this.#config.flushMillis, 'away and safe');
    const lost = await this.#destination.close();
    this.#forgetExit();
    if (lost > 0) {
      throw new OstinatoError(
        'OSTINATO_POINTS_LOST',
        `${lost} points were lost: ${this.#config.endpoint.text} did not take them, and ${this.#log ? 'the fallback log cannot be written' : 'there is no fallback log'}`,
      );
    }
  }
}

function connectGrpc({ endpoint, credentials, headers, compression }: Config): Transport {
  return new GrpcTransport({ target: endpoint.target, credentials, metadata: headers, compression });
}
