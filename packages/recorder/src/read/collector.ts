import type { Key, Kind, Scope, SnapshotMetric, Temporality } from '@ostinato/core';
import { report } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import {
  kindOf,
  type MetricDefinition,
  readMetric,
  readSeries,
  type StorageType,
  scanRecords,
} from '../arena/dictionary.ts';
import { METRIC_RECORD, MODE_NONE, SERIES_MODE, SLAB_BYTES } from '../arena/layout.ts';
import { ThreadTable } from '../arena/thread-table.ts';
import { entry } from '../entry.ts';
import type { Settings } from '../options.ts';
import { Admission, isOverflow, OVERFLOW_LABELS } from '../registry/admission.ts';
import { LabelTrie, NameTable } from '../registry/trie.ts';
import { type DeltaReader, Departures } from './departures.ts';
import { Expirer } from './expirer.ts';
import type { Cells } from './merge.ts';
import { archive, retire } from './retire.ts';

/**
 * `live`: exported. `expired`: no more, but some delta reader has not read the last of it, and it goes on from there
 * if it is recorded on again. `gone`: nobody asks for it.
 */
export type SeriesLife = 'live' | 'expired' | 'gone';

/** Metrics of which nothing is recorded, or exported, are remembered up to this number. */
const MAX_DESCRIBED = 10_000;

/** One series, of all threads that record on it. */
export class CollectedSeries implements Cells {
  /** Counted from 0 in order of arrival. */
  readonly id: number;
  readonly key: Key;
  start: bigint;
  /** Addresses of the series records. Each names a cell; what these hold together is the series. */
  readonly records: number[] = [];
  retired: Float64Array | undefined;
  past: Float64Array | undefined;
  floor = 0;
  /** Where readers keep what they know of it. Another series may have it later. */
  readonly place: number;
  /** Where series expire: when it was last found to have changed, in milliseconds. */
  updated = 0;
  /** When its last incarnation was last exported. */
  ended = 0n;
  state: SeriesLife = 'live';
  #mode = MODE_NONE;

  constructor(id: number, place: number, key: Key, start: bigint) {
    this.id = id;
    this.place = place;
    this.key = key;
    this.start = start;
  }

  /** Counters: the mode of the first cell that has one. Cells of the other mode are not part of the series. */
  mode(arena: Arena): number {
    for (let i = 0; this.#mode === MODE_NONE && i < this.records.length; i++) {
      this.#mode = Atomics.load(arena.words, (this.records[i] as number) * 2 + SERIES_MODE);
    }
    return this.#mode;
  }

  /** What it holds without its past. */
  get current(): Cells & { readonly key: Key } {
    const { past, key, records, retired, floor } = this;
    return past === undefined ? this : { key, records, retired, floor };
  }

  /** Takes out some of the records. */
  forget(records: readonly number[]): void {
    const gone = new Set(records);
    let kept = 0;
    for (const record of this.records) if (!gone.has(record)) this.records[kept++] = record;
    this.records.length = kept;
  }
}

/** One metric, with its series in order of arrival. */
export class CollectedMetric {
  readonly scope: Scope;
  readonly name: string;
  readonly kind: Kind;
  /** Replaced by another list when some are gone, so that who walks through it is not disturbed. */
  series: readonly CollectedSeries[] = [];
  /** How many places they take, that of the overflow series not counted. */
  places = 0;
  readonly byLabels = new LabelTrie<CollectedSeries>();
  /** Whether the place of the overflow series is kept. */
  admitted = false;
  overflow: CollectedSeries | undefined;
  /** Whether there was a warning that it has too many series. */
  overflowReported = false;
  type: StorageType;
  bounds: readonly number[];
  #unit: string;
  #description: string;
  #cumulative: SnapshotMetric | undefined;
  #delta: SnapshotMetric | undefined;

  constructor(definition: MetricDefinition, scope: Scope) {
    this.scope = scope;
    this.name = definition.name;
    this.kind = kindOf(definition.type);
    this.type = definition.type;
    this.bounds = definition.bounds;
    this.#unit = definition.unit;
    this.#description = definition.description;
  }

  /** Adds what another record says to what was left open. False: the two cannot be one metric. */
  join(definition: MetricDefinition): boolean {
    if (kindOf(definition.type) !== this.kind) return false;
    if (this.type === 'undecided') {
      this.type = definition.type;
      this.bounds = definition.bounds;
    } else if (definition.type !== 'undecided') {
      const same = definition.bounds.every((bound, i) => bound === this.bounds[i]);
      if (definition.type !== this.type || definition.bounds.length !== this.bounds.length || !same)
        return false;
    }
    this.#unit ||= definition.unit;
    this.#description ||= definition.description;
    this.#cumulative = undefined;
    this.#delta = undefined;
    return true;
  }

  /** How a snapshot shows it: one object until more is learned of the metric. */
  view(temporality: Temporality): SnapshotMetric {
    if (temporality === 'delta') {
      this.#delta ??= this.#makeView('delta');
      return this.#delta;
    }
    this.#cumulative ??= this.#makeView('cumulative');
    return this.#cumulative;
  }

  #makeView(temporality: Temporality): SnapshotMetric {
    const { scope, name, type, bounds } = this;
    return Object.freeze({
      scope,
      name,
      type: type === 'undecided' ? 'exponentialHistogram' : type,
      unit: this.#unit,
      description: this.#description,
      temporality,
      bounds,
    });
  }
}

export interface CollectedScope {
  readonly scope: Scope;
  readonly metrics: CollectedMetric[];
}

/**
 * Finds what all threads have defined, by reading the published records of every slab, and decides which series are
 * exported. There is one per arena. What it has admitted stays; what it refuses is part of the metric's overflow
 * series, from its first sample on, since cells are cumulative.
 */
export class Collector {
  readonly arena: Arena;
  /** Scopes and metrics that have series, in order of arrival. */
  readonly scopes: CollectedScope[] = [];
  readonly #settings: Settings;
  readonly #expirer: Expirer | undefined;
  readonly #departures: Departures;
  readonly #admission: Admission;
  readonly #metrics = new NameTable<CollectedMetric>();
  readonly #scopes = new NameTable<CollectedScope>();
  /** By address of the metric record; undefined: the record contradicts an earlier one. */
  readonly #byRecord = new Map<number, CollectedMetric | undefined>();
  /** Bytes of each slab that were read. */
  readonly #positions: Uint32Array;
  readonly #threads: ThreadTable;
  /** When there was a collection last. */
  collected = 0n;
  #seriesCount = 0;
  readonly #freePlaces: number[] = [];
  #places = 0;
  #lastStart = 0n;
  #latestStart = 0n;

  /** `answer` lets the registry of this thread, if there is one, give back at once what it is asked for. */
  constructor(arena: Arena, settings: Settings, answer: () => void = () => {}) {
    this.arena = arena;
    this.#threads = new ThreadTable(arena);
    this.#settings = settings;
    this.#admission = new Admission(settings.limits);
    this.#departures = new Departures(settings.limits.total);
    this.#expirer = settings.expires
      ? new Expirer(arena, settings, {
          retire: (metric, series, records) => retire(arena, metric, series, records),
          expire: (metric, series) => this.#expire(metric, series),
          found: (record) => this.#addSeries(record),
          answer,
        })
      : undefined;
    this.#positions = new Uint32Array(arena.slabs);
  }

  /** How many series there are; the next one's id. */
  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** The latest start of any series so far. */
  get latestStart(): bigint {
    return this.#latestStart;
  }

  /** A reader that is to have the last of a series before this is forgotten. */
  attach(reader: DeltaReader): void {
    if (this.#expirer !== undefined) this.#departures.attach(reader);
  }

  /**
   * Reads what was defined since the last time, and takes over what threads left that have ended since: they are
   * looked for first, so all that they defined has been read then. Lets idle series expire.
   */
  discover(): void {
    const { arena } = this;
    const dead = this.#threads.dead();
    const left: number[] = [];
    for (let slab = arena.firstSlab; slab < arena.slabs; slab++) {
      const owner = arena.owner(slab);
      if (owner === 0) continue;
      this.#positions[slab] = scanRecords(arena, slab, this.#positions[slab] as number, this.#found);
      if (dead.has(owner)) left.push(slab);
    }
    this.#expirer?.discover();
    if (left.length > 0) this.#takeOver(left);
    for (const row of dead) this.#threads.free(row);
    if (this.#expirer === undefined) return;
    this.#expirer.pass();
    this.#departures.pass(this.#forget, (metric) => this.#overflowOf(metric, this.#latestStart));
  }

  /** Frees slabs that threads left behind, when what is in them is part of the series for good. */
  #takeOver(slabs: readonly number[]): void {
    const { arena } = this;
    const isLeft = new Uint8Array(arena.slabs);
    for (const slab of slabs) isLeft[slab] = 1;
    const lies = (address: number) => isLeft[Math.floor((address * 8) / SLAB_BYTES)] === 1;
    for (const { metrics } of this.scopes) {
      for (const metric of metrics) {
        for (const series of metric.series) {
          const gone = series.records.filter(lies);
          if (gone.length > 0) retire(arena, metric, series, gone);
        }
      }
    }
    this.#expirer?.forget(lies);
    for (const address of this.#byRecord.keys()) if (lies(address)) this.#byRecord.delete(address);
    for (const slab of slabs) this.#positions[slab] = 0;
    arena.free(slabs);
  }

  readonly #found = (tag: number, address: number): void => {
    if (tag === METRIC_RECORD) this.#metricAt(address);
    else this.#addSeries(address);
  };

  /** Also for a record that a series of another slab names before its own slab was read. */
  #metricAt(address: number): CollectedMetric | undefined {
    if (this.#byRecord.has(address)) return this.#byRecord.get(address);
    const definition = readMetric(this.arena, address);
    let metric = this.#metrics.get(definition.scope, definition.name);
    if (metric === undefined && this.#metrics.size >= this.#settings.limits.total + MAX_DESCRIBED) {
      this.#reportMetrics(definition.name);
    } else if (metric === undefined) {
      metric = new CollectedMetric(definition, this.#scopeOf(definition.scope).scope);
      this.#metrics.add(metric.scope, metric.name, metric);
    } else if (!metric.join(definition)) {
      report('OSTINATO_KIND', `${metric.scope.name} ${metric.name}`, () => {
        return `${metric?.kind} "${definition.name}" is defined differently in another thread; the first definition stays, and what that thread records is dropped.`;
      });
      metric = undefined;
    }
    this.#byRecord.set(address, metric);
    return metric;
  }

  #scopeOf(scope: Scope): CollectedScope {
    const known = this.#scopes.get(scope, '');
    if (known !== undefined) return known;
    const found: CollectedScope = { scope, metrics: [] };
    this.#scopes.add(scope, '', found);
    return found;
  }

  #addSeries(address: number): void {
    const { metric: record, labels, start } = readSeries(this.arena, address);
    if (start > this.#latestStart) this.#latestStart = start;
    const metric = this.#metricAt(record);
    if (metric === undefined || !this.#admitMetric(metric)) return;
    const series = this.#seriesOf(metric, labels, start);
    series.records.push(address);
    this.#expirer?.watch(address, metric, series);
  }

  #admitMetric(metric: CollectedMetric): boolean {
    if (metric.admitted) return true;
    if (!this.#admission.admitMetric()) {
      this.#reportMetrics(metric.name);
      return false;
    }
    metric.admitted = true;
    const scope = this.#scopeOf(metric.scope);
    if (scope.metrics.length === 0) this.scopes.push(scope);
    scope.metrics.push(metric);
    return true;
  }

  #reportMetrics(name: string): void {
    report('OSTINATO_LIMIT', 'metrics', () => {
      return `The limit of ${this.#settings.limits.total} series is reached: "${name}" and metrics after it are not exported.`;
    });
  }

  /** Where a record of these labels belongs. */
  #seriesOf(metric: CollectedMetric, labels: Key['labels'], start: bigint): CollectedSeries {
    const known = metric.byLabels.get(labels);
    if (known?.state === 'live') return known;
    const hasRoom = this.#admission.hasRoom(metric.places);
    if (!isOverflow(labels) && hasRoom) {
      this.#admission.admitSeries();
      metric.places++;
      const series = known ?? this.#create(metric, labels, start);
      if (known !== undefined) this.#revive(metric, known, start);
      const isLast = !this.#admission.hasRoom(metric.places);
      if (metric.overflow?.state === 'live' && isLast) this.#reportOverflow(metric);
      return series;
    }
    const overflow = this.#overflowOf(metric, start);
    if (overflow.state !== 'live') this.#revive(metric, overflow, start);
    // A doorkeeper fills the overflow series before there are too many, and places may have become free since.
    const { doorkeeper } = this.#settings.limits;
    if (!hasRoom || !(doorkeeper || this.#expirer !== undefined)) this.#reportOverflow(metric);
    return overflow;
  }

  #overflowOf(metric: CollectedMetric, start: bigint): CollectedSeries {
    metric.overflow ??= this.#create(metric, OVERFLOW_LABELS, start);
    return metric.overflow;
  }

  /** Nobody records on it any more: it leaves the export, and its place is another's. */
  #expire(metric: CollectedMetric, series: CollectedSeries): void {
    series.state = 'expired';
    series.ended = this.collected;
    if (series !== metric.overflow) {
      metric.places--;
      this.#admission.releaseSeries();
    }
    this.#departures.add(metric, series);
  }

  /** Begins anew, from nothing for those who see it whole. */
  #revive(metric: CollectedMetric, series: CollectedSeries, start: bigint): void {
    archive(this.arena, metric, series);
    this.#departures.cancel(series);
    series.state = 'live';
    series.start = start > series.ended ? start : series.ended;
  }

  /** Lets go of series that nobody asks for any more. */
  readonly #forget = (gone: ReadonlyMap<CollectedSeries, CollectedMetric>): void => {
    for (const [series, metric] of gone) {
      series.state = 'gone';
      metric.byLabels.delete(series.key.labels);
      if (series === metric.overflow) metric.overflow = undefined;
      this.#freePlaces.push(series.place);
    }
    for (const metric of new Set(gone.values())) {
      metric.series = metric.series.filter(({ state }) => state !== 'gone');
    }
  };

  #create(metric: CollectedMetric, labels: Key['labels'], start: bigint): CollectedSeries {
    // One bigint object for equal starts, so that what is derived from it can be kept.
    if (start !== this.#lastStart) this.#lastStart = start;
    const key = Object.freeze({ scope: metric.scope, name: metric.name, labels });
    const place = this.#freePlaces.pop() ?? this.#places++;
    const series = new CollectedSeries(this.#seriesCount++, place, key, this.#lastStart);
    (metric.series as CollectedSeries[]).push(series);
    metric.byLabels.set(labels, series);
    return series;
  }

  #reportOverflow(metric: CollectedMetric): void {
    if (metric.overflowReported) return;
    metric.overflowReported = true;
    report('OSTINATO_CARDINALITY', `${metric.scope.name} ${metric.name}`, () => {
      const { perMetric, total } = this.#settings.limits;
      const limit =
        metric.places + 1 >= perMetric ? `${perMetric} per metric` : `${total} in all, or of memory`;
      const culprit = mostDistinct(metric.series);
      const named =
        culprit === undefined ? '' : ` Label '${culprit.name}' has the most values: ${culprit.values}.`;
      return `${metric.kind} "${metric.name}" has more series than the limit of ${limit}: the others are summed into the series otel.metric.overflow=true.${named}`;
    });
  }
}

/** The label with the most distinct values. */
function mostDistinct(
  series: readonly CollectedSeries[],
): { readonly name: string; readonly values: number } | undefined {
  const values = new Map<string, Set<string>>();
  for (const { key } of series) {
    if (isOverflow(key.labels)) continue;
    for (const [name, value] of key.labels) {
      entry(values, name, () => new Set<string>()).add(String(value));
    }
  }
  let most: { name: string; values: number } | undefined;
  for (const [name, seen] of values) {
    if (most === undefined || seen.size > most.values) most = { name, values: seen.size };
  }
  return most;
}
