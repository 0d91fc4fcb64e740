import type { AnyValue, ExportMetricsServiceRequest, KeyValue, Metric } from '../encode/messages.ts';

/** A unit as a line of the log has it. */
export interface LoggedUnit extends ExportMetricsServiceRequest {
  readonly points?: number;
  readonly rejected?: { readonly time?: number; readonly cause?: string };
}

/** The name of the service that a unit is of. */
export function serviceOf({ resourceMetrics = [] }: LoggedUnit): string {
  const attributes = resourceMetrics[0]?.resource?.attributes ?? [];
  return shown(attributes.find(({ key }) => key === 'service.name')?.value) || 'unnamed';
}

const TIME = /"timeUnixNano":"(\d+)"/;

/** When the first point of a line was collected, in milliseconds; NaN if it does not say. */
export function timeOf(line: Buffer): number {
  const at = line.indexOf('"timeUnixNano":"');
  const text = at < 0 ? '' : line.toString('latin1', at, at + 48);
  return Math.round(Number(TIME.exec(text)?.[1] ?? Number.NaN) / 1e6);
}

/** Each data point on a line of its own. */
export function* pointLines({ resourceMetrics = [] }: LoggedUnit): Generator<string, undefined> {
  for (const { scopeMetrics = [] } of resourceMetrics) {
    for (const { scope, metrics = [] } of scopeMetrics) {
      for (const metric of metrics) yield* linesOf(metric, scope?.name ?? '');
    }
  }
}

function* linesOf(metric: Metric, scope: string): Generator<string, undefined> {
  const { sum, gauge, histogram, exponentialHistogram, summary } = metric;
  const data = sum ?? gauge ?? histogram ?? exponentialHistogram ?? summary;
  const temporality = (sum ?? histogram ?? exponentialHistogram)?.aggregationTemporality;
  const kind = [
    temporality === 1 ? 'delta' : temporality === 2 ? 'cumulative' : '',
    sum ? 'sum' : gauge ? 'gauge' : summary ? 'summary' : 'histogram',
  ]
    .filter(Boolean)
    .join(' ');
  for (const point of data?.dataPoints ?? []) {
    const name = `${clean(metric.name ?? '')}${labels(point.attributes ?? [])}`;
    const value =
      'count' in point
        ? `count ${point.count}${point.sum === undefined ? '' : `, sum ${point.sum}`}`
        : 'asInt' in point
          ? point.asInt
          : 'asDouble' in point
            ? point.asDouble
            : 'no value';
    // A unit of 1 is none.
    const unit = metric.unit && metric.unit !== '1' ? ` ${clean(metric.unit)}` : '';
    yield `  ${name} = ${value}${unit}  (${kind}, ${clean(scope)})`;
  }
}

function labels(attributes: readonly KeyValue[]): string {
  if (attributes.length === 0) return '';
  return `{${attributes.map(({ key, value }) => `${clean(key ?? '')}=${JSON.stringify(shown(value))}`).join(', ')}}`;
}

function shown(value: AnyValue | undefined): string {
  const [first] = Object.values(value ?? {});
  return clean(typeof first === 'object' ? JSON.stringify(first) : String(first ?? ''));
}

/** Names and values are anybody's: nothing of them may speak to the terminal. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
