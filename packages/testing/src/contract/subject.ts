import type { Exemplar, Kind, Recorder, RefusalReason, SeriesLabelValue, Snapshot } from '@ostinato/core';

/** One series as a recorder reports it. */
export interface ContractSeries {
  readonly kind: Kind;
  readonly scope: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, SeriesLabelValue>>;
  readonly unit: string;
  readonly description: string;
  /** A counter's total, a gauge's value. Of no meaning for histograms. */
  readonly value: number;
  /** Histograms; of no meaning otherwise. */
  readonly count: number;
  readonly sum: number;
  /** Histograms with declared buckets: `counts[i]` samples in `(bounds[i-1], bounds[i]]`, one more count than bounds. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  /** Since the last reading; a recorder may have none. */
  readonly exemplars?: readonly Pick<Exemplar, 'value' | 'traceId' | 'spanId'>[];
}

/** The recorder that the contract is about, and how to look inside. */
export interface ContractSubject {
  readonly recorder: Recorder;
  /** Every series that something was recorded into, with cumulative values, in any order. */
  read(): readonly ContractSeries[] | Promise<readonly ContractSeries[]>;
  /** How many operations were refused for this reason. */
  refused(reason: RefusalReason): number;
  /** Releases what it holds; called at the end of each case. */
  close?(): void | Promise<void>;
}

/** The series of a cumulative snapshot, as the contract reads them. */
export function readSnapshot(snapshot: Snapshot): ContractSeries[] {
  const all: ContractSeries[] = [];
  for (const run of snapshot.chunks(64)) {
    for (const { metric, key, value, count, sum, counts, length, exemplars = [] } of run) {
      const { type, scope, name, unit, description, bounds } = metric;
      all.push({
        kind: type === 'exponentialHistogram' ? 'histogram' : type,
        scope: scope.name,
        name,
        labels: Object.fromEntries(key.labels),
        unit,
        description,
        value,
        count,
        sum,
        bounds,
        counts: type === 'histogram' ? [...counts.subarray(0, length)] : [],
        exemplars: exemplars.map(({ value, traceId, spanId }) => ({ value, traceId, spanId })),
      });
    }
  }
  return all;
}
