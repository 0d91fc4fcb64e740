import { report } from '@ostinato/core';
import type { ExemplarFilter } from '@ostinato/recorder';

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What `start()` takes from the environment; absent where a variable is unset or was refused with a warning. */
export interface Settings {
  readonly disabled: boolean;
  readonly exporter: 'otlp' | 'none';
  readonly intervalMillis: number | undefined;
  readonly timeoutMillis: number | undefined;
  readonly exemplars: ExemplarFilter | undefined;
}

/** Longer delays make Node's timers fire at once. */
export const LONGEST_TIMER_MILLIS = 2 ** 31 - 1;

/**
 * Reads the `OTEL_*` variables of the OpenTelemetry specification that concern a metrics SDK. A bad value is
 * reported and ignored, as the specification asks. (Those of the exporter are read by `@ostinato/otlp`.)
 */
export function readSettings(environment: Environment): Settings {
  return {
    disabled: readBoolean(environment, 'OTEL_SDK_DISABLED'),
    exporter: readExporter(environment),
    intervalMillis: readMillis(environment, 'OTEL_METRIC_EXPORT_INTERVAL'),
    timeoutMillis: readMillis(environment, 'OTEL_METRIC_EXPORT_TIMEOUT'),
    exemplars: readExemplarFilter(environment),
  };
}

/** A variable without surrounding space; empty counts as unset. */
export function readString(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

function readBoolean(environment: Environment, name: string): boolean {
  const value = readString(environment, name)?.toLowerCase();
  if (value !== undefined && value !== 'true' && value !== 'false') {
    refuse(name, value, 'true or false');
  }
  return value === 'true';
}

function readMillis(environment: Environment, name: string): number | undefined {
  const text = readString(environment, name);
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0 || value > LONGEST_TIMER_MILLIS) {
    refuse(name, text, `a whole number of milliseconds from 1 to ${LONGEST_TIMER_MILLIS}`);
    return undefined;
  }
  return value;
}

function readExporter(environment: Environment): 'otlp' | 'none' {
  const name = 'OTEL_METRICS_EXPORTER';
  const value = readString(environment, name) ?? 'otlp';
  if (value !== 'otlp' && value !== 'none') {
    refuse(name, value, 'otlp or none');
  }
  return value === 'none' ? 'none' : 'otlp';
}

function readExemplarFilter(environment: Environment): ExemplarFilter | undefined {
  const name = 'OTEL_METRICS_EXEMPLAR_FILTER';
  const value = readString(environment, name)?.toLowerCase();
  switch (value) {
    case undefined:
    case 'trace_based':
    case 'always_on':
    case 'always_off':
      return value;
    default:
      refuse(name, value, 'trace_based, always_on or always_off');
      return undefined;
  }
}

/** Reports a variable whose value cannot be used. */
export function refuse(name: string, value: string, allowed: string): void {
  const setting = `${name}=${value}`;
  report('OSTINATO_ENVIRONMENT', setting, `${setting} is ignored: it must be ${allowed}`);
}

/**
 * Reads `OTEL_RESOURCE_ATTRIBUTES`: `key=value` pairs between commas, percent-encoded. One bad pair discards them
 * all, as the specification asks, with a report that names it.
 */
export function readResourceAttributes(environment: Environment): Record<string, string> {
  const name = 'OTEL_RESOURCE_ATTRIBUTES';
  const attributes: [string, string][] = [];
  for (const pair of (readString(environment, name) ?? '').split(',')) {
    if (pair.trim() === '') {
      continue;
    }
    const [key, value, ...rest] = pair.split('=').map(decode);
    if (!key || value === undefined || rest.length > 0) {
      report(
        'OSTINATO_ENVIRONMENT',
        `${name} ${pair}`,
        `${name} is ignored, all of it, because of '${pair}': it must be key=value pairs between commas, where ',', '=' and '%' in a key or value are percent-encoded`,
      );
      return {};
    }
    attributes.push([key, value]);
  }
  return Object.fromEntries(attributes);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return undefined;
  }
}
