import { createHash } from 'node:crypto';
import type { Metric, ResourceMetrics, ScopeMetrics } from '../encode/messages.ts';

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

export interface Sifted {
  /** Undefined if no point is left. */
  readonly text: string | undefined;
  readonly kept: number;
  readonly left: number;
}

/** The text of a unit without the points that `keep` is against, in steps that take less than a millisecond. */
export function* sift(line: string, keep: Keep): Generator<undefined, Sifted> {
  const { points: _points, crc: _crc, ...unit } = JSON.parse(line) as Logged;
  yield;
  const sieve = new Sieve(keep);
  const resourceMetrics = yield* sieve.resources(unit.resourceMetrics);
  const { kept, left } = sieve;
  if (left === 0) return { text: line, kept, left };
  yield;
  return { text: kept > 0 ? JSON.stringify({ ...unit, resourceMetrics }) : undefined, kept, left };
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
/** Points in a step. */
const STEP = 256;

class Sieve {
  readonly #keep: Keep;
  kept = 0;
  left = 0;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  *resources(all: readonly ResourceMetrics[]): Generator<undefined, ResourceMetrics[]> {
    const left: ResourceMetrics[] = [];
    for (const one of all) {
      const scopeMetrics: ScopeMetrics[] = [];
      for (const scope of one.scopeMetrics ?? []) {
        const prefix = JSON.stringify([one.resource, scope.scope]);
        const metrics: Metric[] = [];
        for (const metric of scope.metrics ?? []) {
          const sifted = yield* this.#metric(metric, prefix);
          if (sifted !== undefined) metrics.push(sifted);
        }
        if (metrics.length > 0) scopeMetrics.push({ ...scope, metrics });
      }
      if (scopeMetrics.length > 0) left.push({ ...one, scopeMetrics });
    }
    return left;
  }

  *#metric(metric: Metric, prefix: string): Generator<undefined, Metric | undefined> {
    const kind = KINDS.find((one) => metric[one] !== undefined);
    const data = kind && (metric[kind] as Data);
    if (kind === undefined || data?.dataPoints === undefined) return metric;
    const isDelta = data.aggregationTemporality === DELTA;
    const name = digest(JSON.stringify([prefix, metric.name, metric.unit, kind]));
    const dataPoints: Point[] = [];
    for (const point of data.dataPoints) {
      if (this.#keep(isDelta ? undefined : seriesOf(name, point), isDelta)) dataPoints.push(point);
      else this.left++;
      if ((dataPoints.length + this.left) % STEP === 0) yield;
    }
    this.kept += dataPoints.length;
    return dataPoints.length > 0 ? { ...metric, [kind]: { ...data, dataPoints } } : undefined;
  }
}

function seriesOf(metric: string, point: Point): string | undefined {
  const { attributes, startTimeUnixNano: start, timeUnixNano: time, flags = 0 } = point;
  // The zero from which a series counts, and the mark at its end.
  if (start === time || flags & NO_RECORDED_VALUE) return undefined;
  return `${metric}${start}${JSON.stringify(attributes)}`;
}

/** Stands for what many series share: short and, unlike a checksum, never the same for two. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 24);
}
