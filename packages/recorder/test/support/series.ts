import {
  type Exemplar,
  type Key,
  type Scope,
  type SeriesCursor,
  type SeriesLabelValue,
  type SeriesSource,
  setReporter,
} from '@ostinato/core';

export type Labels = Readonly<Record<string, SeriesLabelValue>>;

/** A key as core makes it: labels sorted by name, everything frozen. */
export function makeKey(name: string, labels: Labels = {}, scope: Scope = { name: 'test' }): Key {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.freeze({ scope, name, labels: Object.freeze(sorted.map((label) => Object.freeze(label))) });
}

/** A copy of what the cursor stood on. */
export interface Read {
  readonly scope: string;
  readonly name: string;
  readonly type: string;
  readonly temporality: string;
  readonly labels: Labels;
  readonly key: Key;
  readonly start: bigint;
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly zeroCount: number;
  readonly scale: number;
  readonly offset: number;
  readonly counts: readonly number[];
  readonly unit: string;
  readonly description: string;
  readonly bounds: readonly number[];
  readonly exemplars: readonly Exemplar[];
}

export function copy(cursor: SeriesCursor): Read {
  const { metric, key, start, value, count, sum, min, max, zeroCount, scale, offset } = cursor;
  const { name, type, temporality, unit, description, bounds } = metric;
  const counts = [...cursor.counts.subarray(0, cursor.length)];
  const labels = Object.fromEntries(key.labels);
  return {
    scope: key.scope.name,
    name,
    type,
    temporality,
    labels,
    key,
    start,
    value,
    count,
    sum,
    min,
    max,
    zeroCount,
    scale,
    offset,
    counts,
    unit,
    description,
    bounds,
    exemplars: cursor.exemplars ?? [],
  };
}

/** The next series, at most `limit` of them. */
export function readSome(source: SeriesSource, limit: number, size = 7): Read[] {
  const all: Read[] = [];
  for (const run of source.chunks(Math.min(size, limit))) {
    for (const cursor of run) {
      all.push(copy(cursor));
      if (all.length === limit) return all;
    }
  }
  return all;
}

export function readAll(source: SeriesSource): Read[] {
  return readSome(source, Infinity);
}

/** Collects warnings instead of printing them. */
export function catchWarnings(): { readonly warnings: { code: string; text: string }[]; stop(): void } {
  const warnings: { code: string; text: string }[] = [];
  const previous = setReporter((code, text) => warnings.push({ code, text }));
  return { warnings, stop: () => void setReporter(previous) };
}
