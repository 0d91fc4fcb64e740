import type { Key, Scope } from '@ostinato/core';
import { report } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { isSeries, readMetric, readSeries, recordHead } from '../arena/dictionary.ts';
import { EXEMPLARS_RECORD, SERIES_START, SLAB_BYTES } from '../arena/layout.ts';
import { DEFINED, IN_USE, takeMetrics } from '../arena/metric-list.ts';
import { ThreadTable } from '../arena/thread-table.ts';
import { entry } from '../entry.ts';
import type { Settings } from '../options.ts';
import { Admission, isOverflow, OVERFLOW_LABELS } from '../registry/admission.ts';
import { NameTable } from '../registry/name-table.ts';
import { OwnRecords } from '../registry/own-records.ts';
import { CollectedMetric, type CollectedScope, CollectedSeries } from './collected.ts';
import { type DepartingReader, Departures } from './departures.ts';
import type { ExemplarInbox } from './exemplar-inbox.ts';
import { Exemplars, type Owner } from './exemplars.ts';
import { Expirer } from './expirer.ts';
import { recordCount, recordsOf } from './merge.ts';
import { archive, retire } from './retire.ts';
import { DEFINE, FREE, LOOK, MERGE, Pace, Rounds } from './rounds.ts';

/** Metrics of which nothing is recorded, or exported, are remembered up to this number. */
const MAX_DESCRIBED = 10_000;

/** A look at all slabs, when this was the latest start of any series. */
interface Scan {
  readonly latestStart: bigint;
}

/** Who wants to know what the records of series are, as they are taken in and while they are. */
export interface RecordWatcher {
  found(record: number, metric: CollectedMetric, series: CollectedSeries): void;
  /** Who recorded there will not again; others may have the addresses after this. All at a time, as each call costs a drain. */
  leaving(records: readonly number[]): void;
  /** Others may have the memory of threads that have ended, in whatever records; the series of these live on. */
  forget(lies: (address: number) => boolean): void;
}

/**
 * Finds what all threads have defined, by reading the published records of every slab, and decides which series are
 * exported. There is one per arena. What it has admitted stays; what it refuses is part of the metric's overflow
 * series, from its first sample on, since cells are cumulative.
 *
 * A collection scans: it learns which metrics there are, and how far each slab is written. A round takes in the series
 * that are there, in steps, takes over what the dead left, and lets idle series expire.
 */
export class Collector {
  readonly arena: Arena;
  /** Scopes and metrics that have series, in order of arrival. */
  readonly scopes: CollectedScope[] = [];
  readonly #settings: Settings;
  readonly #expirer: Expirer | undefined;
  readonly #exemplars: Exemplars | undefined;
  readonly #departures: Departures;
  readonly #admission: Admission;
  readonly #metrics = new NameTable<CollectedMetric>();
  readonly #scopes = new NameTable<CollectedScope>();
  /** By address of the metric record; undefined: the record contradicts an earlier one. */
  readonly #byRecord = new Map<number, CollectedMetric | undefined>();
  /** Bytes of each slab whose records a scan saw published, and of these, those that were taken in. */
  readonly #published: Uint32Array;
  readonly #taken: Uint32Array;
  /** Scans that saw what is not taken in yet, the first one first; only that one may be under way. */
  readonly #scans: Scan[] = [];
  readonly #own: OwnRecords;
  readonly #threads: ThreadTable;
  /** Rows of threads that had ended before the last scan, which has seen all of their records. */
  readonly #dead = new Set<number>();
  readonly #pace = new Pace();
  readonly #rounds = new Rounds(() => this.#round());
  /** The time of the latest collection that was read from. */
  #exported = 0n;
  /** Who is told of records that come and go. */
  watcher: RecordWatcher | undefined;
  #seriesCount = 0;
  readonly #freePlaces: number[] = [];
  #places = 0;
  #lastStart = 0n;
  #latestStart = 0n;

  /**
   * `answer` lets the registry of this thread, if there is one, give back at once what it is asked for; `own` knows its
   * series records.
   */
  constructor(arena: Arena, settings: Settings, answer: () => boolean = () => true, own = new OwnRecords()) {
    this.arena = arena;
    this.#own = own;
    this.#threads = new ThreadTable(arena);
    this.#settings = settings;
    this.#admission = new Admission(settings.limits);
    this.#departures = new Departures(settings.limits.total);
    this.#expirer = settings.expires
      ? new Expirer(arena, settings, this.#pace, {
          leaving: (records) => this.watcher?.leaving(records),
          retire: (metric, series, records) => retire(arena, metric, series, records),
          expire: (metric, series) => this.#expire(metric, series),
          answer,
        })
      : undefined;
    this.#exemplars =
      settings.exemplars === 'always_off' ? undefined : new Exemplars(arena, answer, this.#ownerOf);
    this.#published = new Uint32Array(arena.slabs);
    this.#taken = new Uint32Array(arena.slabs);
  }

  /** How many series there are; the next one's id. */
  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** How many series may be exported. */
  get limit(): number {
    return this.#settings.limits.total;
  }

  /** The latest start of any series, as of the last scan. */
  get latestStart(): bigint {
    return this.#latestStart;
  }

  /** A collection of that time is read from now on. What expired before is not in it. */
  exportsAt(time: bigint): void {
    if (time > this.#exported) this.#exported = time;
  }

  /** A reader that is to have the last of a series before this is forgotten, or to hear of its end. */
  attach(reader: DepartingReader): void {
    if (this.#expirer !== undefined) this.#departures.attach(reader);
  }

  /** A reader that is to have exemplars. */
  deliverExemplars(inbox: ExemplarInbox): void {
    this.#exemplars?.attach(inbox);
  }

  /**
   * Notes what was defined since the last time: the latest start, how far slabs are written, and the metrics, of which
   * those in use are exported from here on, and with them their scopes. Which threads have ended is looked for first, so
   * all that they defined is seen then. Returns the number of the round that takes in the series, for `step`.
   */
  scan(): number {
    const { arena } = this;
    for (const row of this.#threads.dead()) this.#dead.add(row);
    this.#latestStart = arena.latestStart;
    const { firstSlab, untouched } = arena;
    for (let slab = firstSlab; slab < untouched; slab++) this.#published[slab] = arena.published(slab);
    const last = this.#scans.length > 1 ? this.#scans.at(-1) : undefined;
    if (last?.latestStart !== this.#latestStart) this.#scans.push({ latestStart: this.#latestStart });
    // Each of these is among those defined by then, which are learnt in order: the first definition stays.
    const inUse = takeMetrics(arena, IN_USE);
    for (const record of takeMetrics(arena, DEFINED)) this.#metricAt(record);
    for (const record of inUse) this.#exportedAt(record);
    return this.#rounds.ask();
  }

  /** Takes a step of a round. True: the round is over. */
  step(round: number): boolean {
    this.#expirer?.tick();
    return this.#rounds.step(round);
  }

  /**
   * A whole round, a step a turn of the event loop: for when nobody reads. By timers, which wake an event loop that has
   * nothing else to do and yet keep no process alive; an immediate cannot do both.
   */
  settle(): void {
    const round = this.scan();
    const step = () => {
      if (!this.step(round)) setTimeout(step, 0).unref();
    };
    step();
  }

  *#round(): Generator<undefined, void> {
    const dead = new Set(this.#dead);
    yield* this.#takeIn();
    yield* this.#exemplars?.take(this.#pace) ?? [];
    if (dead.size > 0) yield* this.#takeOver(dead);
    if (this.#expirer === undefined) return;
    yield* this.#expirer.pass();
    yield* this.#departures.pass(this.#pace, {
      forget: (metric, series) => this.#forget(metric, series),
      overflowOf: (metric) => this.#overflowOf(metric, this.#latestStart),
    });
  }

  /**
   * What was scanned; of it, what is not taken in already when its turn comes, by `takeIn` between two steps. Scan by
   * scan: a series begins when the first of its records that is taken in does, and had that come after a collection, the
   * collection would not show what others say was recorded before.
   */
  *#takeIn(): Generator<undefined, void> {
    for (let scan = this.#scans[0]; scan !== undefined; scan = this.#scans[0]) {
      yield* this.#takeInUpTo(scan.latestStart);
      if (this.#scans[0] === scan) this.#scans.shift();
    }
  }

  /** All that began up to then, and so what a scan saw that knew of no later start. */
  *#takeInUpTo(latest: bigint): Generator<undefined, void> {
    const { arena } = this;
    const { longs, firstSlab, untouched } = arena;
    for (let slab = firstSlab; slab < untouched; slab++) {
      for (;;) {
        const at = this.#taken[slab] as number;
        if (at === this.#published[slab]) break;
        const address = (slab * SLAB_BYTES + at) / 8;
        const { tag, size } = recordHead(arena, address);
        if (isSeries(tag) && (longs[address + SERIES_START / 2] as bigint) > latest) break;
        this.#taken[slab] = at + size;
        if (isSeries(tag)) this.#addSeries(address);
        else if (tag === EXEMPLARS_RECORD) this.#exemplars?.found(address);
        if (this.#pace.spent(isSeries(tag) ? DEFINE : LOOK)) yield;
      }
    }
    yield* this.#expirer?.revisit(latest, this.#addSeries) ?? [];
  }

  /** Takes in what there is now, at once and between whatever steps; nothing else is done. */
  takeIn(): void {
    this.#expirer?.tick();
    this.scan();
    for (const _ of this.#takeIn());
  }

  /** Frees the slabs of threads that have ended, when what is in them is part of the series for good. */
  *#takeOver(dead: ReadonlySet<number>): Generator<undefined, void> {
    const { arena } = this;
    const slabs: number[] = [];
    const { firstSlab, untouched } = arena;
    const isLeft = new Uint8Array(untouched);
    for (let slab = firstSlab; slab < untouched; slab++) {
      if (!dead.has(arena.owner(slab))) continue;
      slabs.push(slab);
      isLeft[slab] = 1;
    }
    const lies = (address: number) => isLeft[Math.floor((address * 8) / SLAB_BYTES)] === 1;
    if (slabs.length > 0) {
      yield* this.#retireAll(lies);
      yield* this.#expirer?.forget(lies) ?? [];
      this.#exemplars?.forget(lies);
      this.watcher?.forget(lies);
    }
    for (const address of this.#byRecord.keys()) {
      if (lies(address)) this.#byRecord.delete(address);
      if (this.#pace.spent(LOOK)) yield;
    }
    for (const slab of slabs) {
      this.#published[slab] = 0;
      this.#taken[slab] = 0;
      arena.free(slab);
      if (this.#pace.spent(FREE)) yield;
    }
    for (const row of dead) {
      this.#threads.free(row);
      this.#dead.delete(row);
    }
  }

  *#retireAll(lies: (address: number) => boolean): Generator<undefined, void> {
    for (const { metrics } of this.scopes) {
      for (const metric of metrics) {
        for (const series of metric.series) {
          const count = recordCount(series.records);
          const gone = recordsOf(series).filter(lies);
          if (gone.length > 0) retire(this.arena, metric, series, gone);
          if (this.#pace.spent(LOOK + count + MERGE * gone.length)) yield;
        }
      }
    }
  }

  /** The metric of a record that series name, undefined: they are not exported. */
  #exportedAt(address: number): CollectedMetric | undefined {
    const metric = this.#metricAt(address);
    return metric !== undefined && this.#admitMetric(metric) ? metric : undefined;
  }

  /** Also for a record that no scan has met yet: a slot serves another series, of a metric that came after the scan. */
  #metricAt(address: number): CollectedMetric | undefined {
    const known = this.#byRecord.get(address);
    if (known !== undefined || this.#byRecord.has(address)) return known;
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

  readonly #addSeries = (address: number): void => {
    const key = this.#own.take(address);
    const { metric: record, labels, start } = readSeries(this.arena, address, key?.labels);
    const metric = this.#exportedAt(record);
    if (metric === undefined) return;
    const series = this.#seriesOf(metric, key ?? keyOf(metric, labels), start);
    series.add(address);
    this.watcher?.found(address, metric, series);
    this.#expirer?.watch(address, metric, series);
  };

  /** Whose a record is that was taken in, by what it says; it is one of its series' records until it is retired. */
  readonly #ownerOf = (address: number): Owner | undefined => {
    const { metric: record, labels } = readSeries(this.arena, address, this.#own.labelsOf(address));
    const metric = this.#byRecord.get(record);
    if (metric === undefined) return undefined;
    for (const series of [metric.list.get(labels), metric.overflow]) {
      if (series !== undefined && recordsOf(series).includes(address)) return { metric, series, labels };
    }
    return undefined;
  };

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

  /** Where a record of this key belongs. */
  #seriesOf(metric: CollectedMetric, key: Key, start: bigint): CollectedSeries {
    const { labels } = key;
    const known = metric.list.get(labels);
    if (known?.state === 'live') return known;
    const hasRoom = this.#admission.hasRoom(metric.places);
    if (!isOverflow(labels) && hasRoom) {
      this.#admission.admitSeries();
      metric.places++;
      const series = known ?? this.#create(metric, key, start);
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
    metric.overflow ??= this.#create(metric, keyOf(metric, OVERFLOW_LABELS), start);
    return metric.overflow;
  }

  /** Nobody records on it any more: it leaves the export, and its place is another's. */
  #expire(metric: CollectedMetric, series: CollectedSeries): void {
    series.expire(this.#exported);
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
    series.revive(start, this.#exported);
  }

  /** Lets go of a series that nobody asks for any more; `Departures` takes it off the metric's list. */
  #forget(metric: CollectedMetric, series: CollectedSeries): void {
    series.leave();
    if (series.ended > metric.ended) metric.ended = series.ended;
    if (series === metric.overflow) metric.overflow = undefined;
    this.#freePlaces.push(series.place);
  }

  #create(metric: CollectedMetric, key: Key, recorded: bigint): CollectedSeries {
    const start = recorded > metric.ended ? recorded : metric.ended;
    // One bigint object for equal starts, so that what is derived from it can be kept.
    if (start !== this.#lastStart) this.#lastStart = start;
    const place = this.#freePlaces.pop() ?? this.#places++;
    const series = new CollectedSeries(this.#seriesCount++, place, key, this.#lastStart);
    series.isFound(this.#exported);
    metric.list.push(series);
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
      const among = metric.series.length > SAMPLED ? `, among ${SAMPLED} series` : '';
      const named =
        culprit === undefined
          ? ''
          : ` Label '${culprit.name}' has the most values: ${culprit.values}${among}.`;
      return `${metric.kind} "${metric.name}" has more series than the limit of ${limit}: the others are summed into the series otel.metric.overflow=true.${named}`;
    });
  }
}

function keyOf({ scope, name }: CollectedMetric, labels: Key['labels']): Key {
  return Object.freeze({ scope, name, labels });
}

/** So many series tell which label has the most values, and are looked through at once. */
const SAMPLED = 1_000;

/** The label with the most distinct values in the first series. */
function mostDistinct(
  series: readonly CollectedSeries[],
): { readonly name: string; readonly values: number } | undefined {
  const values = new Map<string, Set<string>>();
  for (const { key } of series.slice(0, SAMPLED)) {
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
