import type {
  EndedSeries,
  Key,
  Scope,
  ScopeSnapshot,
  SeriesCursor,
  SeriesNumbers,
  SeriesRun,
  Snapshot,
  SnapshotMetric,
  Temporality,
} from '@ostinato/core';
import type { Timeline } from '../clock.ts';
import type { CollectedMetric, CollectedScope, CollectedSeries } from './collected.ts';
import type { Collector } from './collector.ts';
import type { CellReader } from './reader.ts';

/** So many series are looked at for one that is yielded before a run ends, so that no run takes long. */
const LOOKS = 64;

/** A series that the reader showed and that expired. */
export interface Ended {
  readonly metric: CollectedMetric;
  readonly key: Key;
  readonly start: bigint;
}

/** What comes before the first series of a snapshot: a round of the collector, in steps. */
export class Preparation {
  /** The snapshot's. Later than the start of every series that was recorded on before. */
  readonly time: bigint;
  readonly #collector: Collector;
  readonly #takeEnded: () => readonly Ended[];
  readonly #round: number;
  done = false;
  /** When done: series with an id of this or above came later. */
  end = 0;
  /** When done: the series of all scopes that expired before. What expires from then on is in this snapshot. */
  ended: readonly Ended[] = [];

  constructor(collector: Collector, timeline: Timeline, takeEnded: () => readonly Ended[]) {
    this.#collector = collector;
    this.#takeEnded = takeEnded;
    this.#round = collector.scan();
    this.time = timeline.collection(collector.latestStart);
    this.step();
  }

  /** True: done. */
  step(): boolean {
    if (!this.done && this.#collector.step(this.#round)) {
      this.done = true;
      this.end = this.#collector.seriesCount;
      this.#collector.exportsAt(this.time);
      this.ended = this.#takeEnded();
    }
    return this.done;
  }
}

/** A way through series that is gone once. */
interface Walk {
  /** Goes on to the next series that has something to say, after at most `looks` others. False: there was none so far. */
  next(looks: number): boolean;
  /** Goes on past the numbers that come next, at most so many. Undefined: there were none so far. */
  numbers(most: number): SeriesNumbers | undefined;
  readonly atEnd: boolean;
  readonly cursor: SeriesCursor;
}

/** The series of one scope that were there at a collection. */
export class ScopeWalk implements ScopeSnapshot, Walk {
  readonly temporality: Temporality;
  readonly time: bigint;
  readonly cursor: SeriesCursor;
  readonly #reader: CellReader;
  readonly #scope: CollectedScope;
  readonly #preparation: Preparation;
  /** How many metrics it came to; the last of them, with its series then, so many of which it passed. */
  #metrics = 0;
  #metric: CollectedMetric | undefined;
  #list: readonly CollectedSeries[] = [];
  #series = 0;
  /** A lowmemory reader goes through a counter's series twice if some are cumulative. */
  readonly #splitsCounters: boolean;
  #absoluteOnes = false;
  #absoluteSeen = false;
  #ended = false;

  constructor(reader: CellReader, scope: CollectedScope, preparation: Preparation) {
    this.temporality = temporalityOf(reader);
    this.time = preparation.time;
    this.cursor = reader.point;
    this.#splitsCounters = reader.temporality === 'lowmemory';
    this.#reader = reader;
    this.#scope = scope;
    this.#preparation = preparation;
  }

  get scope(): Scope {
    return this.#scope.scope;
  }

  get definitions(): readonly SnapshotMetric[] {
    return this.#scope.metrics.map((metric) => metric.view(this.temporality));
  }

  chunks(size: number): Iterable<SeriesRun> {
    return new Chunks(this, size);
  }

  /** Without those that are recorded on again, as another object maybe. */
  *ended(): Generator<EndedSeries> {
    for (const { metric, key, start } of this.#preparation.ended) {
      const isHere = metric.scope === this.scope && metric.list.get(key.labels)?.state !== 'live';
      if (isHere) yield { metric: metric.view('cumulative'), key, start };
    }
  }

  end(): void {
    this.#ended = true;
  }

  get atEnd(): boolean {
    return this.#preparation.done ? this.#upcoming() === undefined : this.#ended;
  }

  /** The series that it comes to next. */
  #upcoming(): CollectedSeries | undefined {
    while (!this.#ended) {
      const list = this.#list;
      const series = this.#series < list.length ? list[this.#series] : undefined;
      if (series !== undefined && series.id < this.#preparation.end) return series;
      this.#nextMetric();
    }
    return undefined;
  }

  #nextMetric(): void {
    if (this.#absoluteSeen && !this.#absoluteOnes) this.#absoluteOnes = true;
    else {
      this.#metric = this.#scope.metrics[this.#metrics++];
      this.#absoluteSeen = false;
      this.#absoluteOnes = false;
    }
    if (this.#metric === undefined) this.#ended = true;
    else this.#list = this.#metric.series;
    this.#series = 0;
  }

  next(looks: number): boolean {
    if (!this.#preparation.step()) return false;
    for (let i = 0; i < looks; i++) {
      const series = this.#upcoming();
      if (series === undefined) return false;
      this.#series++;
      const metric = this.#metric as CollectedMetric;
      if (this.#splitsCounters && metric.type === 'counter') {
        const absolute = this.#reader.isAbsolute(series);
        this.#absoluteSeen ||= absolute;
        if (absolute !== this.#absoluteOnes) continue;
      }
      if (this.#reader.read(metric, series, this.time)) return true;
    }
    return false;
  }

  numbers(most: number): SeriesNumbers | undefined {
    if (!this.#preparation.done || this.#upcoming() === undefined) return undefined;
    const metric = this.#metric as CollectedMetric;
    const from = this.#series;
    this.#series = this.#reader.readNumbers(metric, this.#list, from, from + most, this.time);
    const { numbers } = this.#reader;
    return numbers.count > 0 ? numbers : undefined;
  }
}

/** The scopes one after the other. */
export class SnapshotWalk implements Snapshot, Walk {
  readonly temporality: Temporality;
  readonly time: bigint;
  readonly scopes: readonly ScopeWalk[];
  readonly cursor: SeriesCursor;
  readonly #preparation: Preparation;
  #at = 0;

  constructor(reader: CellReader, scopes: readonly ScopeWalk[], preparation: Preparation) {
    this.temporality = temporalityOf(reader);
    this.time = preparation.time;
    this.scopes = scopes;
    this.cursor = reader.point;
    this.#preparation = preparation;
  }

  chunks(size: number): Iterable<SeriesRun> {
    return new Chunks(this, size);
  }

  /** Nothing more is read by way of this snapshot. */
  end(): void {
    for (const scope of this.scopes) scope.end();
  }

  get atEnd(): boolean {
    while (this.scopes[this.#at]?.atEnd === true) this.#at++;
    return this.#at >= this.scopes.length && this.#preparation.done;
  }

  next(looks: number): boolean {
    if (!this.#preparation.step()) return false;
    for (let i = 0; i < looks && !this.atEnd; i++) {
      if (this.scopes[this.#at]?.next(1) === true) return true;
    }
    return false;
  }

  numbers(most: number): SeriesNumbers | undefined {
    return this.#preparation.done && !this.atEnd ? this.scopes[this.#at]?.numbers(most) : undefined;
  }
}

function temporalityOf(reader: CellReader): Temporality {
  return reader.temporality === 'cumulative' ? 'cumulative' : 'delta';
}

/*
 * Iterators by hand, with result objects that are used again: a generator costs more than reading a counter. A run
 * may be empty, and ends early when many series in a row have nothing to say. Runs are read one after the other.
 */

class Chunks implements IterableIterator<SeriesRun> {
  readonly #walk: Walk;
  readonly #size: number;
  #run: Run | undefined;

  constructor(walk: Walk, size: number) {
    this.#walk = walk;
    this.#size = size >= 1 ? size : 1;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<SeriesRun> {
    // Runs that nobody looks at would never come to an end.
    if (this.#run?.started === false || this.#walk.atEnd) return DONE;
    this.#run = new Run(this.#walk, this.#size);
    return { done: false, value: this.#run };
  }
}

class Run implements IterableIterator<SeriesCursor>, SeriesRun {
  readonly #walk: Walk;
  readonly #result: IteratorYieldResult<SeriesCursor>;
  started = false;
  #left: number;

  constructor(walk: Walk, size: number) {
    this.#walk = walk;
    this.#left = size;
    this.#result = { done: false, value: walk.cursor };
  }

  [Symbol.iterator](): this {
    return this;
  }

  numbers(): SeriesNumbers | undefined {
    const numbers = this.#left > 0 ? this.#walk.numbers(this.#left) : undefined;
    if (numbers === undefined) return undefined;
    this.started = true;
    this.#left -= numbers.count;
    return numbers;
  }

  next(): IteratorResult<SeriesCursor> {
    this.started = true;
    if (this.#left <= 0) return DONE;
    this.#left--;
    if (this.#walk.next(LOOKS)) return this.#result;
    this.#left = 0;
    return DONE;
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });
