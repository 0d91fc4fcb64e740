import { check } from './config/check.ts';
import { loggerOf } from './config/delivery.ts';
import type { Environment } from './config/env.ts';
import type { OtlpMetricExporterOptions } from './config/options.ts';
import { type Config, resolveConfig } from './config/resolve.ts';
import type { ExportResult } from './deliver/accept.ts';
import { Delivery, type DeliveryParts, defaultLogger, type ExporterStatus } from './delivery.ts';
import type { MetricsBatch } from './encode/sdk-types.ts';
import { GrpcTransport } from './transport/grpc.ts';
import type { Transport } from './transport/transport.ts';

/** What the exporter is made of; a test replaces what it needs to own. */
export interface Parts extends DeliveryParts {
  readonly env: Environment;
  readonly connect: (config: Config) => Transport;
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
  readonly #delivery: Delivery;

  /**
   * Throws an `OstinatoError` (`OSTINATO_INVALID_OPTION`, `OSTINATO_LOG_DIRECTORY`) for options that cannot be used. `parts` are
   * for tests.
   */
  constructor(options: OtlpMetricExporterOptions = {}, parts: Partial<Parts> = {}) {
    const logger = parts.logger ?? loggerOf(options, check) ?? defaultLogger();
    const config = resolveConfig(options, parts.env ?? process.env, (text) => logger.warn(text));
    const { secure, timeoutMillis, zeroPoint: zeroPoints } = config;
    const transport = (parts.connect ?? connectGrpc)(config);
    this.#config = config;
    this.#delivery = new Delivery(
      config,
      { name: config.endpoint.text, secure, timeoutMillis, zeroPoints, transport },
      { ...parts, logger },
    );
  }

  /**
   * Takes the metrics and calls back once: SUCCESS (0) when they are delivered or safe in the fallback log, where they
   * are written after `acceptMillis` at the latest, or in memory if the log is off or cannot be written; FAILED (1) when
   * some of them are lost.
   * Calls may overlap; nothing of what is given is referred to afterwards.
   */
  export(metrics: MetricsBatch, resultCallback: (result: ExportResult) => void): void {
    this.#delivery.export(metrics, resultCallback);
  }

  /**
   * Delivers what was exported, for at most `flushMillis`; in an outage it is left to the fallback log at once. Never
   * rejects: a stock reader would then skip `shutdown()`.
   */
  forceFlush(): Promise<void> {
    return this.#delivery.forceFlush();
  }

  /**
   * Ends the exporter: what cannot be delivered within `flushMillis` is left to the fallback log. Rejects, last of
   * all, only if points were lost because there was no log to take them (`OSTINATO_POINTS_LOST`).
   */
  shutdown(): Promise<void> {
    return this.#delivery.shutdown();
  }

  /**
   * Ends the exporter within this call: whatever is not delivered is left to the fallback log, or lost where there is none. For
   * handlers after which the process is gone; at `process.exit()` it happens by itself. A `shutdown()` under way
   * ends with it.
   */
  shutdownSync(): void {
    this.#delivery.shutdownSync();
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
    return this.#delivery.status();
  }
}

function connectGrpc({ endpoint, credentials, headers, askHeaders, compression }: Config): Transport {
  const { target } = endpoint;
  return new GrpcTransport({ target, credentials, metadata: headers, askHeaders, compression });
}
