import { OptionCheck } from '@ostinato/core';
import { DELIVERY_OPTIONS, deliveryConfig, loggerOf, MAX_MILLIS } from './config/delivery.ts';
import type { WithDeliveryOptions } from './config/options.ts';
import type { ExportResult } from './deliver/accept.ts';
import { type Logger, quiet } from './deliver/narrator.ts';
import { printable } from './deliver/printable.ts';
import { type Runtime, systemRuntime } from './deliver/runtime.ts';
import { Delivery, type DeliveryParts, defaultLogger, type ExporterStatus } from './delivery.ts';
import type { MetricsBatch } from './encode/sdk-types.ts';
import { type Sender, WrappedTransport } from './transport/wrapped.ts';

const OPTIONS: readonly (keyof WithDeliveryOptions)[] = ['timeoutMillis', ...DELIVERY_OPTIONS];

/** What `withDelivery` wraps: a `PushMetricExporter` of the OpenTelemetry SDK 2.x or 3.x, as far as it is called here. */
export interface PushExporter extends Sender {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

type Selectors = 'selectAggregation' | 'selectAggregationTemporality';

/** A wrapped exporter: it aggregates as the exporter inside asks for. */
export type WithDelivery<Exporter extends PushExporter> = DeliveringExporter &
  Pick<Exporter, Extract<keyof Exporter, Selectors>>;

/**
 * Gives any `PushMetricExporter` what {@link OtlpMetricExporter} has: backoff with jitter, a fallback log, ordered replay,
 * and results that mean what they say.
 *
 * ```ts
 * new PeriodicExportingMetricReader({
 *   exporter: withDelivery(new OTLPMetricExporter({ url: 'http://collector:4317' }), {
 *     fallback: { directory: '/var/lib/my-service/metrics' },
 *   }),
 * });
 * ```
 *
 * Each export goes through the exporter as one or more of at most 256 KiB, one at a time. What its error says (the status of
 * gRPC with `RetryInfo`, or that of HTTP) is classified as by `OtlpMetricExporter`; any other error is retried. What the exporter cannot
 * tell or do stays so: partial successes are not known, integers beyond 2^53 are rounded, exemplars are given to it
 * but stock exporters leave them out, and its connection comes back as fast as it makes it do.
 *
 * Throws an `OstinatoError` (`OSTINATO_INVALID_OPTION`, `OSTINATO_LOG_DIRECTORY`) for what cannot be used. `parts` are for tests.
 */
export function withDelivery<Exporter extends PushExporter>(
  exporter: Exporter,
  options: WithDeliveryOptions = {},
  parts: Partial<DeliveryParts> = {},
): WithDelivery<Exporter> {
  const check = new OptionCheck('withDelivery');
  for (const method of ['export', 'forceFlush', 'shutdown'] as const) {
    if (typeof (exporter as Partial<PushExporter> | undefined)?.[method] === 'function') continue;
    throw check.refused('the exporter', `a PushMetricExporter (it has no ${method}())`, exporter);
  }
  const given = check.object<WithDeliveryOptions>(options, OPTIONS);
  const config = deliveryConfig(given, check);
  const { timeoutMillis = 30_000 } = given;
  const deadline = check.number('timeoutMillis', timeoutMillis, 1, MAX_MILLIS);
  const logger = parts.logger ?? loggerOf(given, check) ?? defaultLogger();
  const { runtime = systemRuntime } = parts;
  const name = exporter.constructor?.name || 'the wrapped exporter';
  const transport = new WrappedTransport(exporter, runtime.after, deadline);
  const delivery = new Delivery(
    config,
    { name, secure: undefined, timeoutMillis: deadline, zeroPoints: false, transport },
    { ...parts, runtime, logger },
  );
  const delivering = new DeliveringExporter(delivery, exporter, {
    name,
    runtime,
    logger,
    patienceMillis: config.flushMillis,
  });
  return Object.assign(delivering, selectorsOf(exporter));
}

/** What the reader asks is the exporter's to answer, where it has an answer. */
function selectorsOf<Exporter extends PushExporter>(
  exporter: Exporter,
): Pick<Exporter, Extract<keyof Exporter, Selectors>> {
  const selectors: Partial<Record<Selectors, unknown>> = {};
  for (const name of ['selectAggregation', 'selectAggregationTemporality'] as const) {
    const select: unknown = (exporter as Partial<Record<Selectors, unknown>>)[name];
    if (typeof select === 'function') selectors[name] = select.bind(exporter);
  }
  return selectors as Pick<Exporter, Extract<keyof Exporter, Selectors>>;
}

interface Inner {
  readonly name: string;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** How long its own flush and shutdown are waited for. */
  readonly patienceMillis: number;
}

/** What {@link withDelivery} gives. */
export class DeliveringExporter {
  readonly #delivery: Delivery;
  readonly #exporter: PushExporter;
  readonly #inner: Inner;
  #shutdown: Promise<void> | undefined;

  /** @internal {@link withDelivery} is the public way. */
  constructor(delivery: Delivery, exporter: PushExporter, inner: Inner) {
    this.#delivery = delivery;
    this.#exporter = exporter;
    this.#inner = { ...inner, logger: quiet(inner.logger) };
  }

  /** As `OtlpMetricExporter.export`: SUCCESS (0) when delivered, or safe in the log; FAILED (1) when something was lost. */
  export(metrics: MetricsBatch, resultCallback: (result: ExportResult) => void): void {
    this.#delivery.export(metrics, resultCallback);
  }

  /** Delivers, or leaves to the log, what was exported; then flushes the exporter inside. Never rejects. */
  async forceFlush(): Promise<void> {
    await this.#delivery.forceFlush();
    await this.#patiently('flush', () => this.#exporter.forceFlush());
  }

  /**
   * Ends both. What the exporter inside says about its own end is said as a warning; rejects only if points were lost
   * because there was no log to take them (`OSTINATO_POINTS_LOST`).
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#delivery
      .shutdown()
      .finally(() => this.#patiently('shut down', () => this.#exporter.shutdown()));
    return this.#shutdown;
  }

  /** A snapshot of what it does and what became of every data point. */
  status(): ExporterStatus {
    return this.#delivery.status();
  }

  /** The exporter inside is somebody else's: it may fail, and it may never end. */
  async #patiently(what: string, act: () => Promise<void>): Promise<void> {
    const { name, runtime, logger, patienceMillis } = this.#inner;
    await new Promise<void>((resolve) => {
      const fail = (why: string) => {
        logger.warn(`${name} did not ${what}: ${why}`);
        resolve();
      };
      const cancel = runtime.after(patienceMillis, () => fail(`no end after ${patienceMillis} ms`), true);
      Promise.resolve()
        .then(act)
        .then(resolve, (error) => fail(printable(String((error as Error)?.message ?? error))))
        .finally(cancel);
    });
  }
}
