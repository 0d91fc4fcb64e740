import type { Attributes, AttributeValue, ExponentialBuckets, Point } from './points.ts';

/** What a collector knows of one series: sums over delta points, the latest of cumulative points and gauges. */
export interface LedgerSeries {
  readonly resource: Attributes;
  readonly scope: Point['scope'];
  readonly metric: string;
  readonly unit: string;
  readonly type: Point['type'];
  readonly temporality: Point['temporality'];
  readonly attributes: Attributes;
  /** A sum's or gauge's value. */
  readonly value: number;
  /** A histogram's samples, their sum, and its buckets. */
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly bucketCounts: readonly number[];
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ExponentialBuckets;
  /** Points taken into account, duplicates left out. */
  readonly points: number;
  /** Points that came again exactly as before. */
  readonly duplicates: number;
  /** Points older than the newest before them. */
  readonly outOfOrder: number;
  /** Epoch nanoseconds of the newest point. */
  readonly time: bigint;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_BUCKETS: ExponentialBuckets = { offset: 0, counts: [] };

/**
 * Adds up what was delivered, as a backend would: each distinct point once. A duplicate is a point equal to one
 * before it in series, start, time and content, which at-least-once delivery may bring; it only counts as such.
 */
export class Ledger {
  readonly #series = new Map<string, Mutable<LedgerSeries>>();
  readonly #seen = new Set<string>();

  add(points: Iterable<Point>): void {
    for (const point of points) this.#add(point);
  }

  /** Every series, or those of one metric whose attributes include the given ones. */
  series(metric?: string, attributes: Attributes = {}): readonly LedgerSeries[] {
    return [...this.#series.values()].filter(
      (series) =>
        (metric === undefined || series.metric === metric) && includes(series.attributes, attributes),
    );
  }

  /** The sum over such series: of values, or of the samples' number for histograms. */
  total(metric: string, attributes: Attributes = {}): number {
    return this.series(metric, attributes).reduce((sum, series) => sum + quantity(series), 0);
  }

  /** Points taken into account, duplicates left out. */
  get points(): number {
    return this.#all('points');
  }

  get duplicates(): number {
    return this.#all('duplicates');
  }

  get outOfOrder(): number {
    return this.#all('outOfOrder');
  }

  #all(field: 'points' | 'duplicates' | 'outOfOrder'): number {
    let sum = 0;
    for (const series of this.#series.values()) sum += series[field];
    return sum;
  }

  #add(point: Point): void {
    let series = this.#series.get(point.series);
    if (series === undefined) {
      series = empty(point);
      this.#series.set(point.series, series);
    }
    const id = fingerprint(point);
    if (this.#seen.has(id)) {
      series.duplicates++;
      return;
    }
    this.#seen.add(id);
    series.points++;
    const late = point.time < series.time;
    if (late) series.outOfOrder++;
    else series.time = point.time;
    if (point.temporality === 'delta') accumulate(series, point);
    else if (!late) replace(series, point);
  }
}

/** What a series adds to a total. */
export function quantity({ type, value, count }: LedgerSeries): number {
  return type === 'sum' || type === 'gauge' ? value : count;
}

/**
 * The value below which the share `q` of a histogram's samples lies, interpolated within its bucket; NaN without
 * samples. Above the last explicit bound it is that bound.
 */
export function quantile(
  { count, bounds, bucketCounts, scale, zeroCount, positive }: Omit<LedgerSeries, 'type'>,
  q: number,
): number {
  let rank = q * count;
  if (count === 0) return Number.NaN;
  for (const [i, inBucket] of bucketCounts.entries()) {
    const upper = bounds[i] ?? bounds.at(-1) ?? Number.NaN;
    const lower = bounds[i - 1] ?? Math.min(0, upper);
    if (rank <= inBucket) return inBucket === 0 ? lower : lower + ((upper - lower) * rank) / inBucket;
    rank -= inBucket;
  }
  if (rank <= zeroCount) return 0;
  rank -= zeroCount;
  for (const [i, inBucket] of positive.counts.entries()) {
    if (rank <= inBucket) return 2 ** ((positive.offset + i + rank / inBucket) * 2 ** -scale);
    rank -= inBucket;
  }
  return 2 ** ((positive.offset + positive.counts.length) * 2 ** -scale);
}

function empty(point: Point): Mutable<LedgerSeries> {
  const { resource, scope, metric, unit, type, temporality, attributes, scale } = point;
  return {
    resource,
    scope,
    metric,
    unit,
    type,
    temporality,
    attributes,
    value: 0,
    count: 0,
    sum: 0,
    bounds: [],
    bucketCounts: [],
    scale,
    zeroCount: 0,
    positive: NO_BUCKETS,
    points: 0,
    duplicates: 0,
    outOfOrder: 0,
    time: 0n,
  };
}

function replace(series: Mutable<LedgerSeries>, point: Point): void {
  const { value, count, sum, bounds, bucketCounts, scale, zeroCount, positive } = point;
  Object.assign(series, { value, count, sum, bounds, bucketCounts, scale, zeroCount, positive });
}

function accumulate(series: Mutable<LedgerSeries>, point: Point): void {
  if (!Number.isNaN(point.value)) series.value += point.value;
  series.count += point.count;
  series.sum += point.sum;
  series.zeroCount += point.zeroCount;
  series.bounds = point.bounds;
  series.bucketCounts = point.bucketCounts.map((count, i) => count + (series.bucketCounts[i] ?? 0));
  const scale = Math.min(series.scale, point.scale);
  series.positive = merged(
    downscaled(series.positive, series.scale - scale),
    downscaled(point.positive, point.scale - scale),
  );
  series.scale = scale;
}

/** A scale lower by one joins the buckets 2i and 2i+1 in bucket i. */
function downscaled({ offset, counts }: ExponentialBuckets, by: number): ExponentialBuckets {
  if (by === 0 || counts.length === 0) return { offset, counts };
  const first = Math.floor(offset / 2 ** by);
  const joined: number[] = [];
  for (const [i, count] of counts.entries()) {
    const at = Math.floor((offset + i) / 2 ** by) - first;
    joined[at] = (joined[at] ?? 0) + count;
  }
  return { offset: first, counts: joined };
}

function merged(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const at = ({ offset: from, counts }: ExponentialBuckets, i: number) => counts[offset + i - from] ?? 0;
  return { offset, counts: Array.from({ length: end - offset }, (_, i) => at(a, i) + at(b, i)) };
}

function includes(attributes: Attributes, wanted: Attributes): boolean {
  return Object.entries(wanted).every(
    ([name, value]: [string, AttributeValue]) => attributes[name] === value,
  );
}

function fingerprint({
  series,
  start,
  time,
  flags,
  value,
  count,
  sum,
  bucketCounts,
  scale,
  zeroCount,
  positive,
  negative,
}: Point): string {
  const content = [flags, `${value}`, count, sum, bucketCounts, scale, zeroCount, positive, negative];
  return `${series} ${start} ${time} ${JSON.stringify(content)}`;
}
