import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { OptionCheck } from '@ostinato/core';
import type { FallbackOptions, OtlpMetricExporterOptions } from '@ostinato/otlp';
import type { RecorderOptions } from '@ostinato/recorder';
import { LONGEST_TIMER_MILLIS } from './environment.ts';
import { readTraceLabels, type TraceLabels } from './trace-labels.ts';

/** Options of the OTLP exporter, but the fallback log is on: `directory` has a default, and `false` turns it off. */
export interface StartExporterOptions extends Omit<OtlpMetricExporterOptions, 'fallback'> {
  readonly fallback?: false | Partial<FallbackOptions>;
}

export interface StartOptions {
  /** Default: `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  readonly serviceName?: string;
  /** More of the service than is detected: attributes, or a Resource of the OpenTelemetry SDK. */
  readonly resource?: Resource | Attributes;
  /** Options for the OTLP exporter, or an exporter of your own. */
  readonly exporter?: StartExporterOptions | PushMetricExporter;
  /** How often is exported, ms. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 5000. */
  readonly interval?: number;
  /** Options for `createRecorder`. */
  readonly recorder?: RecorderOptions;
  /** Which labels of metrics with `contextLabels` come from spans and baggage. Default: none. In worker threads too. */
  readonly traceLabels?: TraceLabels;
  /**
   * Whether to flush at SIGTERM, SIGINT and the end of the process. Default true. At `process.exit()` and at an
   * uncaught error there is time only to write to the fallback log, and only what the recorder has: instruments of
   * OpenTelemetry cannot be read synchronously.
   */
  readonly signals?: boolean;
}

const NAMES: readonly (keyof StartOptions)[] = [
  'serviceName',
  'resource',
  'exporter',
  'interval',
  'recorder',
  'traceLabels',
  'signals',
];

/** What belongs one level deeper, and is likely to be looked for here. */
const OF_EXPORTER: readonly (keyof StartExporterOptions)[] = [
  'endpoint',
  'url',
  'headers',
  'tls',
  'compression',
  'fallback',
];
const OF_RECORDER: readonly (keyof RecorderOptions)[] = [
  'layers',
  'buckets',
  'cardinality',
  'exemplars',
  'idleTimeout',
];

/** Throws `OSTINATO_INVALID_OPTION` for what `start()` itself understands; the rest is checked by the exporter and the recorder. */
export function checkStartOptions(options: StartOptions): void {
  const check = new OptionCheck('start');
  for (const [owner, names] of Object.entries({ exporter: OF_EXPORTER, recorder: OF_RECORDER })) {
    const name = isObject(options) ? names.find((each) => Object.hasOwn(options, each)) : undefined;
    if (name !== undefined)
      throw check.error(`there is no option '${name}'; did you mean '${owner}.${name}'?`);
  }
  const { serviceName, resource, exporter, interval, traceLabels, signals } = check.object<StartOptions>(
    options,
    NAMES,
  );
  if (serviceName !== undefined && (typeof serviceName !== 'string' || serviceName.trim() === '')) {
    throw check.refused('serviceName', 'a name', serviceName);
  }
  if (resource !== undefined && !isObject(resource)) {
    throw check.refused('resource', 'an object of attributes, or a Resource', resource);
  }
  if (exporter !== undefined && !isObject(exporter)) {
    throw check.refused('exporter', 'an object of options, or an exporter', exporter);
  }
  if (isExporter(exporter)) {
    for (const method of ['forceFlush', 'shutdown'] as const) {
      if (typeof exporter[method] !== 'function') {
        throw check.refused(
          `exporter.${method}`,
          'a method, as a PushMetricExporter has it',
          exporter[method],
        );
      }
    }
  } else if (exporter?.fallback !== undefined && exporter.fallback !== false) {
    check.object(exporter.fallback, undefined, 'exporter.fallback');
  }
  if (interval !== undefined) {
    check.number('interval (ms)', interval, 1, LONGEST_TIMER_MILLIS);
  }
  readTraceLabels(check, 'traceLabels', traceLabels);
  if (signals !== undefined) {
    check.oneOf('signals', signals, [true, false]);
  }
}

export function isExporter(exporter: StartOptions['exporter']): exporter is PushMetricExporter {
  return typeof (exporter as Partial<PushMetricExporter> | undefined)?.export === 'function';
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
