import type { Snapshot } from '@ostinato/core';
import { GAUGE_WRITES, MODE_MAX, MODE_NONE, SERIES_CELL, SERIES_MODE } from '../arena/layout.ts';
import type { Timeline } from '../clock.ts';
import type { ReaderTemporality } from '../options.ts';
import type { CollectedMetric, CollectedSeries } from './collected.ts';
import type { Collector } from './collector.ts';
import type { DepartingReader } from './departures.ts';
import { ExemplarInbox } from './exemplar-inbox.ts';
import { type Cells, counterValue, mergeExplicit, mergeExponential, readGauge, UNKNOWN } from './merge.ts';
import { MOST, Numbers } from './numbers.ts';
import { finite, Point } from './point.ts';
import { addUp, cellOf } from './retire.ts';
import { SeriesState } from './series-state.ts';
import { type Ended, Preparation, ScopeWalk, SnapshotWalk } from './snapshot.ts';

/** Reads a recorder's series. Readers are independent: each has its own temporality and its own past. */
export interface Reader {
  /**
   * What there is now; observed values are read by their callbacks. The series are taken in and read as the snapshot
   * is walked. Ends the reader's earlier snapshot: what of it was not walked is part of this one.
   */
  collect(): Snapshot;
}

// As in merge.ts: a constant of this file is compiled in.
const MODE = SERIES_MODE;
const CELL = SERIES_CELL;
const WRITES = GAUGE_WRITES;

/** Where readers look at what they do not show. */
const aside = new Point();

/** What was not read of series that are gone: a delta, as a cell. */
interface Debt {
  readonly cell: Float64Array;
  readonly start: bigint;
}

export class CellReader implements Reader, DepartingReader {
  readonly temporality: ReaderTemporality;
  readonly point = new Point();
  readonly numbers = new Numbers();
  readonly #collector: Collector;
  readonly #timeline: Timeline;
  readonly #observe: () => void;
  /** Of delta readers, by series place. */
  readonly #states: (SeriesState | undefined)[] = [];
  /** To be shown with the overflow series. */
  readonly #debts = new Map<CollectedMetric, Debt>();
  readonly #exemplars: ExemplarInbox;
  /** Filled by what is read. */
  #into = this.point;
  #snapshot: SnapshotWalk | undefined;
  /** Of cumulative readers: what expired since the last collection. */
  #ended: Ended[] = [];
  /** The times of this collection, of the one before, and of the last that was walked to its end. */
  #time = 0n;
  #previous = 0n;
  #whole = 0n;
  /** Of cumulative readers, by series place: the start of the incarnation that was shown as born, if that is after `#whole`. */
  #births: (bigint | undefined)[] = [];

  /** `observe` is called at the start of each collection, and records what is observed. */
  constructor(
    collector: Collector,
    timeline: Timeline,
    temporality: ReaderTemporality,
    observe: () => void = () => {},
    random: () => number = Math.random,
  ) {
    this.#collector = collector;
    this.#timeline = timeline;
    this.#observe = observe;
    this.temporality = temporality;
    collector.attach(this);
    this.#exemplars = new ExemplarInbox(random);
    collector.deliverExemplars(this.#exemplars);
  }

  collect(): Snapshot {
    // First of all: callbacks may collect too, even with this reader.
    this.#observe();
    if (this.#snapshot?.atEnd === true) {
      this.#whole = this.#time;
      // What was shown began before.
      this.#births = [];
    }
    this.#snapshot?.end();
    const preparation = new Preparation(this.#collector, this.#timeline, this.#takeEnded);
    const walks = this.#collector.scopes.map((scope) => new ScopeWalk(this, scope, preparation));
    this.#snapshot = new SnapshotWalk(this, walks, preparation);
    this.#previous = this.#time;
    this.#time = preparation.time;
    return this.#snapshot;
  }

  /**
   * Stands on a series: fills `point` and, for a delta, makes what it holds part of the past. False: there is
   * nothing to say of the series.
   */
  read(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    if (!this.#show(metric, series, time)) return false;
    if (this.point.born) this.#births[series.place] = series.start;
    // What was recorded on an earlier incarnation is in none of the buckets that a cumulative reader sees.
    const from = this.temporality === 'cumulative' ? series.start : 0n;
    this.point.exemplars = this.#exemplars.take(series, from, time);
    return true;
  }

  /**
   * Passes the series that lie in `list` from `from` on and before `to`, as long as a value is all there is to say of
   * each, or nothing: `numbers` has those with a value. Returns where it stopped.
   */
  readNumbers(
    metric: CollectedMetric,
    list: readonly CollectedSeries[],
    from: number,
    to: number,
    time: bigint,
  ): number {
    const { numbers, temporality } = this;
    numbers.count = 0;
    const isGauge = metric.type === 'gauge';
    if ((metric.type !== 'counter' && !isGauge) || temporality === 'lowmemory') return from;
    const { words, doubles } = this.#collector.arena;
    const { series: passed, starts, values } = numbers;
    const end = Math.min(to, list.length, from + MOST);
    let count = 0;
    let at = from;
    for (; at < end; at++) {
      const series = list[at] as CollectedSeries;
      const { alone } = series;
      // One cell, which is live, has nothing to add up and never ended. Nor was it taken in after this collection: it would
      // be more than a cell if it began before the last one that was read from, and else is new to the reader, see below.
      if (alone === 0 || this.#exemplars.has(series)) break;
      const cell = words[alone * 2 + CELL] as number;
      const writes = (isGauge ? doubles[cell + WRITES] : words[alone * 2 + MODE]) as number;
      if (writes === 0) break;
      let { start } = series;
      let value = finite(doubles[cell] as number);
      if (temporality === 'cumulative') {
        // It may be born.
        if (start > this.#whole) break;
      } else {
        const state = this.#states[series.place];
        if (state === undefined || series === metric.overflow) break;
        const { seen } = state;
        if (isGauge) {
          state.seen = writes;
          if (writes === seen) continue;
        } else {
          start = state.start;
          state.start = time;
          if (value <= seen) continue;
          state.seen = value;
          value -= seen;
        }
      }
      passed[count] = series;
      starts[count] = start;
      values[count++] = value;
    }
    numbers.metric = metric.view(temporality);
    numbers.count = count;
    return at;
  }

  #show(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    const { state } = series;
    if (state === 'gone' || (state === 'expired' && this.temporality === 'cumulative')) return false;
    // It was revived after the collection that is still being read: only sums of deltas go on from what was before.
    const goesOn = this.temporality !== 'cumulative' && metric.type !== 'gauge' && series.born < time;
    if (series.start >= time && !goesOn) return false;
    const hasNews = this.#read(metric, series, time);
    if (series !== metric.overflow || !this.#debts.has(metric)) return hasNews;
    this.#payDebt(metric, hasNews);
    return true;
  }

  readonly #takeEnded = (): readonly Ended[] => {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  };

  expired(metric: CollectedMetric, series: CollectedSeries): void {
    if (this.temporality !== 'cumulative' || series.start >= this.#time) return;
    // Who does not collect any more does not gather them for ever.
    if (this.#ended.length >= this.#collector.limit) return;
    this.#into = aside;
    if (this.#read(metric, series, 0n)) this.#ended.push({ metric, key: series.key, start: series.start });
    this.#into = this.point;
  }

  hasRead(metric: CollectedMetric, series: CollectedSeries): boolean {
    if (this.temporality === 'cumulative') return true;
    if (series === metric.overflow && this.#debts.has(metric)) return false;
    const { arena } = this.#collector;
    const state = this.#states[series.place];
    const seen = state?.seen ?? 0;
    switch (metric.type) {
      case 'counter':
        return counterValue(arena, series, series.mode(arena)) <= seen;
      case 'gauge':
        return readGauge(arena, series, aside) === seen;
      default:
        return this.#merge(metric, series, seen, aside) === seen && (seen === 0 || state?.settled === true);
    }
  }

  forget(metric: CollectedMetric, series: CollectedSeries, overflow: CollectedSeries | undefined): void {
    if (overflow !== undefined) this.#owe(metric, series);
    const known = this.temporality === 'cumulative' ? this.#births : this.#states;
    if (series.place < known.length) known[series.place] = undefined;
  }

  #owe(metric: CollectedMetric, series: CollectedSeries): void {
    this.#into = aside;
    if (this.#read(metric, series, 0n)) {
      const debt = this.#debts.get(metric);
      const cell = cellOf(metric, aside, 1);
      this.#debts.set(metric, {
        cell: debt === undefined ? cell : addUp(this.#collector.arena, metric, debt.cell, cell),
        start: debt !== undefined && debt.start < aside.start ? debt.start : aside.start,
      });
    }
    this.#into = this.point;
  }

  /** Adds what is owed to what `point` shows of the overflow series, if it shows anything. */
  #payDebt(metric: CollectedMetric, hasNews: boolean): void {
    const { arena } = this.#collector;
    const { point } = this;
    const debt = this.#debts.get(metric) as Debt;
    this.#debts.delete(metric);
    const retired = hasNews ? addUp(arena, metric, debt.cell, cellOf(metric, point, 1)) : debt.cell;
    if (metric.type === 'counter') point.setValue(retired[0] as number);
    else this.#merge(metric, { records: [], retired, floor: 0 }, UNKNOWN, point);
    if (!hasNews || debt.start < point.start) point.start = debt.start;
    point.metric = metric.view('delta');
    point.min = Number.NaN;
    point.max = Number.NaN;
  }

  #read(metric: CollectedMetric, series: CollectedSeries, time: bigint): boolean {
    this.#into.key = series.key;
    this.#into.notes = series;
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
    const { temporality } = this;
    const point = this.#into;
    const mode = series.mode(arena);
    if (mode === MODE_NONE) return false;
    if (temporality === 'cumulative' || (temporality === 'lowmemory' && mode === MODE_MAX)) {
      point.metric = metric.view('cumulative');
      point.start = series.start;
      point.born = mode !== MODE_MAX && this.#isBorn(series);
      point.setValue(counterValue(arena, series.current, mode));
      return true;
    }
    const state = this.#state(series);
    const { seen, start } = state;
    // Additions of fractions in another order may come out lower by their last bit.
    const value = Math.max(seen, counterValue(arena, series, mode));
    state.seen = value;
    state.start = time;
    if (value === seen) return false;
    point.metric = metric.view('delta');
    point.start = start;
    point.setValue(value - seen);
    return true;
  }

  #readGauge(metric: CollectedMetric, series: CollectedSeries): boolean {
    const point = this.#into;
    point.born = false;
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
    const point = this.#into;
    if (this.temporality === 'cumulative') {
      point.metric = metric.view('cumulative');
      point.start = series.start;
      point.born = this.#isBorn(series);
      return this.#merge(metric, series.current, UNKNOWN, point) > 0;
    }
    const state = this.#state(series);
    const known = state.settled ? state.seen : UNKNOWN;
    const writes = this.#merge(metric, series, known, point);
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

  /**
   * Whether it began after the last collection that was walked to its end, and none since has shown it. A series that was
   * found later than another collection began before that: what says so would come after what was said of its last
   * incarnation, and be older.
   */
  #isBorn({ start, place, found }: CollectedSeries): boolean {
    if (start <= this.#whole || this.#births[place] === start) return false;
    return start > this.#previous || start > found;
  }

  #merge(metric: CollectedMetric, cells: Cells, known: number, point: Point): number {
    const { arena } = this.#collector;
    return metric.type === 'histogram'
      ? mergeExplicit(arena, cells, metric.bounds.length + 1, known, point)
      : mergeExponential(arena, cells, known, point);
  }

  #state(series: CollectedSeries): SeriesState {
    this.#states[series.place] ??= new SeriesState(series.born);
    return this.#states[series.place] as SeriesState;
  }
}
