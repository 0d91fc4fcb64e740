import { createHash } from 'node:crypto';
import type { Metric, ResourceMetrics } from '../encode/messages.ts';

/** What a text of OTLP JSON has in it when some of its points may be thinned: a sum or histogram that is cumulative. */
export const CUMULATIVE = '"aggregationTemporality":2';

/** Bit of `flags`: the series ends here, and has no value. */
const NO_RECORDED_VALUE = 1;

/** A unit as it stands in a line of the log, with the keys that the log adds. */
interface Logged {
  readonly resourceMetrics: ResourceMetrics[];
  readonly points?: number;
  readonly crc?: string;
}

/**
 * Decides whether a point stays. `series` names the series and its start, so that the points of one name replace each
 * other: a later one says all that an earlier one does, but for when. Undefined: no other point can stand for it.
 */
export type Keep = (series: string | undefined, isDelta: boolean) => boolean;

/** The text of a unit without the points that `keep` is against; `text` is undefined if none is left. */
export function siftLine(
  line: string,
  keep: Keep,
): { readonly text: string | undefined; readonly kept: number; readonly left: number } {
  const { points: _points, crc: _crc, ...unit } = JSON.parse(line) as Logged;
  const sieve = new Sieve(keep);
  const resourceMetrics = sieve.resources(unit.resourceMetrics);
  const text = sieve.kept > 0 ? JSON.stringify({ ...unit, resourceMetrics }) : undefined;
  return { text, kept: sieve.kept, left: sieve.left };
}

interface Point {
  readonly attributes?: unknown;
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly flags?: number;
}

interface Data {
  readonly dataPoints?: Point[];
  readonly aggregationTemporality?: number;
}

type Kind = keyof Pick<Metric, 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'>;

const KINDS: readonly Kind[] = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const DELTA = 1;

class Sieve {
  readonly #keep: Keep;
  kept = 0;
  left = 0;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  resources(all: readonly ResourceMetrics[]): ResourceMetrics[] {
    return all.flatMap((one) => {
      const scopeMetrics = (one.scopeMetrics ?? []).flatMap((scope) => {
        const prefix = digest(JSON.stringify([one.resource, scope.scope]));
        const metrics = (scope.metrics ?? []).flatMap((metric) => this.#metric(metric, prefix));
        return metrics.length > 0 ? [{ ...scope, metrics }] : [];
      });
      return scopeMetrics.length > 0 ? [{ ...one, scopeMetrics }] : [];
    });
  }

  #metric(metric: Metric, prefix: string): Metric[] {
    const kind = KINDS.find((one) => metric[one] !== undefined);
    const data = kind && (metric[kind] as Data);
    if (kind === undefined || data?.dataPoints === undefined) return [metric];
    const isDelta = data.aggregationTemporality === DELTA;
    const name = JSON.stringify([prefix, metric.name, metric.unit, kind]);
    const dataPoints = data.dataPoints.filter((point) => {
      const stays = this.#keep(isDelta ? undefined : seriesOf(name, point), isDelta);
      if (stays) this.kept++;
      else this.left++;
      return stays;
    });
    return dataPoints.length > 0 ? [{ ...metric, [kind]: { ...data, dataPoints } }] : [];
  }
}

function seriesOf(metric: string, point: Point): string | undefined {
  const { attributes, startTimeUnixNano: start, timeUnixNano: time, flags = 0 } = point;
  // The zero from which a series counts, and the mark at its end.
  if (start === time || flags & NO_RECORDED_VALUE) return undefined;
  return digest(`${metric}${start}${JSON.stringify(attributes)}`);
}

/** Short and, unlike a checksum, never the same for two series. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 24);
}
