import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { OstinatoError } from '@ostinato/core';
import type { FallbackOptions, OtlpMetricExporterOptions } from '@ostinato/otlp';
import type { RecorderOptions } from '@ostinato/recorder';
import { LONGEST_TIMER_MILLIS } from './environment.ts';

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
  'signals',
];

/** Throws `OSTINATO_INVALID_OPTION` for what `start()` itself understands; the rest is checked by the exporter and the recorder. */
export function checkStartOptions(options: StartOptions): void {
  if (!isObject(options)) {
    throw refused('the options argument', options, 'an object');
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.some((known) => known === name)) {
      throw invalid(`there is no option '${name}'. Allowed are: ${NAMES.join(', ')}`);
    }
  }
  const { serviceName, resource, exporter, interval, signals } = options;
  if (serviceName !== undefined && (typeof serviceName !== 'string' || serviceName.trim() === '')) {
    throw refused('serviceName', serviceName, 'a name');
  }
  if (resource !== undefined && !isObject(resource)) {
    throw refused('resource', resource, 'an object of attributes, or a Resource');
  }
  if (exporter !== undefined && !isObject(exporter)) {
    throw refused('exporter', exporter, 'an object of options, or an exporter');
  }
  if (isExporter(exporter)) {
    for (const method of ['forceFlush', 'shutdown'] as const) {
      if (typeof exporter[method] !== 'function') {
        throw refused(`exporter.${method}`, exporter[method], 'a method, as a PushMetricExporter has it');
      }
    }
  }
  if (
    interval !== undefined &&
    !(typeof interval === 'number' && interval >= 1 && interval <= LONGEST_TIMER_MILLIS)
  ) {
    throw refused('interval', interval, `a number of milliseconds from 1 to ${LONGEST_TIMER_MILLIS}`);
  }
  if (signals !== undefined && typeof signals !== 'boolean') {
    throw refused('signals', signals, 'true or false');
  }
}

export function isExporter(exporter: StartOptions['exporter']): exporter is PushMetricExporter {
  return typeof (exporter as Partial<PushMetricExporter> | undefined)?.export === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(option: string, given: unknown, allowed: string): OstinatoError {
  const shown = typeof given === 'string' ? `'${given}'` : isObject(given) ? 'an object' : String(given);
  return invalid(`${option} is ${shown}, but must be ${allowed}`);
}

function invalid(problem: string): OstinatoError {
  return new OstinatoError('OSTINATO_INVALID_OPTION', `start: ${problem}.`);
}
