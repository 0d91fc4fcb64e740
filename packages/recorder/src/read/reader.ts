import type { Snapshot } from '@ostinato/core';
import { MODE_MAX, MODE_NONE } from '../arena/layout.ts';
import type { Timeline } from '../clock.ts';
import type { ReaderTemporality } from '../options.ts';
import type { CollectedMetric, CollectedSeries, Collector } from './collector.ts';
import { counterValue, mergeExplicit, mergeExponential, readGauge, UNKNOWN } from './merge.ts';
import { Point } from './point.ts';
import { SeriesState } from './series-state.ts';
import { ScopeWalk, SnapshotWalk } from './snapshot.ts';

/** Reads a recorder's series. Readers are independent: each has its own temporality and its own past. */
export interface Reader {
  /**
   * What there is now; observed values are read by their callbacks. The series are read as the snapshot is walked. Ends the reader's earlier snapshot: what of it
   * was not walked is part of this one.
   */
  collect(): Snapshot;
}

export class CellReader implements Reader {
  readonly temporality: ReaderTemporality;
  readonly point = new Point();
  readonly #collector: Collector;
  readonly #timeline: Timeline;
  readonly #observe: () => void;
  /** Of delta readers, by series id. */
  readonly #states: (SeriesState | undefined)[] = [];
  #snapshot: SnapshotWalk | undefined;

  /** `observe` is called at the start of each collection, and records what is observed. */
  constructor(
    collector: Collector,
    timeline: Timeline,
    temporality: ReaderTemporality,
    observe: () => void = () => {},
  ) {
    this.#collector = collector;
    this.#timeline = timeline;
    this.#observe = observe;
    this.temporality = temporality;
  }

  collect(): Snapshot {
    // First of all: callbacks may collect too, even with this reader.
    this.#observe();
    this.#snapshot?.end();
    this.#collector.discover();
    const { seriesCount, scopes, latestStart } = this.#collector;
    const time = this.#timeline.collection(latestStart);
    const walks = scopes.map((scope) => new ScopeWalk(this, scope, time, seriesCount));
    this.#snapshot = new SnapshotWalk(this, walks, time);
    return this.#snapshot;
  }

  /**
   * Stands on a series: fills `point` and, for a delta, makes what it holds part of the past. False: there is
   * nothing to say of the series.
   */
  read(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    const { point } = this;
    point.key = series.key;
    switch (metric.type) {
      case 'counter':
        return this.#readCounter(metric, series, time);
      case 'gauge':
        return this.#readGauge(metric, series);
      default:
        return this.#readHistogram(metric, series, time);
    }
  }

  /** Whether `lowmemory` leaves a counter cumulative. */
  isAbsolute(series: CollectedSeries): boolean {
    return series.mode(this.#collector.arena) === MODE_MAX;
  }

  #readCounter(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    const { arena } = this.#collector;
    const { point, temporality } = this;
    const mode = series.mode(arena);
    if (mode === MODE_NONE) return false;
    const value = counterValue(arena, series, mode);
    if (temporality === 'cumulative' || (temporality === 'lowmemory' && mode === MODE_MAX)) {
      point.metric = metric.view('cumulative');
      point.start = series.start;
      point.setValue(value);
      return true;
    }
    const state = this.#state(series);
    const { seen, start } = state;
    state.seen = value;
    state.start = time;
    if (value === seen) return false;
    point.metric = metric.view('delta');
    point.start = start;
    point.setValue(value - seen);
    return true;
  }

  #readGauge(metric: CollectedMetric, series: CollectedSeries): boolean {
    const { point } = this;
    const writes = readGauge(this.#collector.arena, series, point);
    if (writes === 0) return false;
    point.metric = metric.view(this.temporality === 'cumulative' ? 'cumulative' : 'delta');
    point.start = series.start;
    if (this.temporality === 'cumulative') return true;
    const state = this.#state(series);
    const unchanged = state.seen === writes;
    state.seen = writes;
    return !unchanged;
  }

  #readHistogram(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    const { point } = this;
    if (this.temporality === 'cumulative') {
      point.metric = metric.view('cumulative');
      point.start = series.start;
      return this.#merge(metric, series, UNKNOWN) > 0;
    }
    const state = this.#state(series);
    const known = state.settled ? state.seen : UNKNOWN;
    const writes = this.#merge(metric, series, known);
    const { start } = state;
    state.start = time;
    if (writes === 0 || writes === known) return false;
    state.pass(writes);
    if (metric.type === 'histogram') state.subtractExplicit(point);
    else state.subtractExponential(point);
    if (point.count === 0) return false;
    point.metric = metric.view('delta');
    point.start = start;
    return true;
  }

  #merge(metric: CollectedMetric, series: CollectedSeries, known: number): number {
    const { arena } = this.#collector;
    return metric.type === 'histogram'
      ? mergeExplicit(arena, series, metric.bounds.length + 1, known, this.point)
      : mergeExponential(arena, series, known, this.point);
  }

  #state(series: CollectedSeries): SeriesState {
    this.#states[series.id] ??= new SeriesState(series.start);
    return this.#states[series.id] as SeriesState;
  }
}
