import type { Arena } from '../arena/arena.ts';
import {
  EXPIRY_ROUND,
  GAUGE_WRITES,
  HISTOGRAM_WRITES,
  MODE_MAX,
  SERIES_ACK,
  SERIES_CELL,
  SERIES_DONE,
  SERIES_INCARNATION,
  SERIES_REQUEST,
  SERIES_START,
  SLAB_BYTES,
} from '../arena/layout.ts';
import { entry } from '../entry.ts';
import type { Settings } from '../options.ts';
import type { CollectedMetric, CollectedSeries } from './collected.ts';
import { recordCount } from './merge.ts';
import { DEFINE, LIST, LOOK, MERGE, type Pace } from './rounds.ts';

/** A slot that the collector watches. */
interface Watched {
  readonly record: number;
  readonly metric: CollectedMetric;
  readonly series: CollectedSeries;
  /** Its activity, as `#activity` tells it, when it was last looked at. */
  seen: number;
  /** When that was found to have changed, in milliseconds. */
  since: number;
  /** Whether its owner was asked for it; it is then not watched any more. */
  requested: boolean;
}

/** What the expirer needs of the collector. */
export interface ExpiryActs {
  /** The owners of these records have acknowledged, and none is given back yet. */
  leaving(records: readonly number[]): void;
  /** Makes what these records hold part of the series for good. */
  retire(metric: CollectedMetric, series: CollectedSeries, records: readonly number[]): void;
  /** The series has no record left and was idle for long enough. */
  expire(metric: CollectedMetric, series: CollectedSeries): void;
  /** Lets the owner in this thread answer requests at once, some of them. True: it has no more to do. */
  answer(): boolean;
}

/** No slot has this activity. */
const UNSEEN = -1;
/** So many slots are asked for at a time, so that their owner is not held up for long. */
const REQUESTS = 1_024;
/** One in so many of a metric's series makes room at a time, where the least recently updated are evicted. */
const EVICTED_SHARE = 16;

/**
 * Finds the series that are idle, asks for their slots, and takes over what these hold once their owners have
 * acknowledged: the collector's side of the protocol that layout.ts describes.
 *
 * Idle is a slot that did not change from one pass to another for so long. Samples that come between the verdict and
 * the acknowledgement are in what is taken over, and the series then lives on, without a slot, as if it had one.
 */
export class Expirer {
  readonly #arena: Arena;
  readonly #settings: Settings;
  readonly #acts: ExpiryActs;
  readonly #pace: Pace;
  /** In milliseconds. */
  #time = 0;
  #watched: Watched[] = [];
  /** By series place: when the series was last found to have changed, in milliseconds. */
  readonly #updated: number[] = [];
  #requested: Watched[] = [];
  /** How many of them their owners were not told of. */
  #untold = 0;
  /** Records that are their owners' again: done with, until there is another incarnation. */
  readonly #vacant: number[] = [];
  /** Series without a record that are not idle for long enough. */
  readonly #bare = new Map<CollectedSeries, CollectedMetric>();
  /** Series that make room, however long they were idle. */
  readonly #evicted = new Set<CollectedSeries>();

  constructor(arena: Arena, settings: Settings, pace: Pace, acts: ExpiryActs) {
    this.#arena = arena;
    this.#settings = settings;
    this.#pace = pace;
    this.#acts = acts;
  }

  /** Before each step, and so never within one: a clock may fail. Between two steps any time may pass. */
  tick(): void {
    this.#time = this.#settings.clock.now();
  }

  /** Watches a record that was found. */
  watch(record: number, metric: CollectedMetric, series: CollectedSeries): void {
    this.#updated[series.place] = this.#time;
    this.#watched.push({ record, metric, series, seen: UNSEEN, since: this.#time, requested: false });
    this.#bare.delete(series);
    this.#evicted.delete(series);
  }

  /** Forgets the records of threads that are gone; their series live on until they were idle for long enough. */
  *forget(isGone: (record: number) => boolean): Generator<undefined, void> {
    const keeps = ({ record, metric, series }: Watched) => {
      if (!isGone(record)) return true;
      this.#updated[series.place] = this.#time;
      if (recordCount(series.records) === 0) this.#bare.set(series, metric);
      return false;
    };
    // What was asked for may be another series' by now.
    yield* this.#keep(this.#watched, (slot) => !slot.requested && keeps(slot));
    yield* this.#keep(this.#requested, keeps);
    yield* this.#occupy(isGone, () => {}, LOOK);
  }

  /** Calls `found` with each record that serves another series since the last time, one that began up to `latest`. */
  *revisit(latest: bigint, found: (record: number) => void): Generator<undefined, void> {
    const { words, longs } = this.#arena;
    const serves = (record: number) =>
      Atomics.load(words, record * 2 + SERIES_INCARNATION) !== words[record * 2 + SERIES_DONE] &&
      (longs[record + SERIES_START / 2] as bigint) <= latest;
    yield* this.#occupy(serves, found, DEFINE);
  }

  /**
   * Takes those out that are not vacant any more, and calls `taken` with each, which is so many units of work. From the
   * last one to the first, and the last one takes the place of what is taken out: so none that is still to come is
   * missed, whatever another call takes out between two steps.
   */
  *#occupy(
    isTaken: (record: number) => boolean,
    taken: (record: number) => void,
    units: number,
  ): Generator<undefined, void> {
    const vacant = this.#vacant;
    for (let i = vacant.length - 1; i >= 0; i--) {
      if (i >= vacant.length) continue;
      const record = vacant[i] as number;
      const leaves = isTaken(record);
      if (leaves) {
        const last = vacant.pop() as number;
        if (i < vacant.length) vacant[i] = last;
        taken(record);
      }
      if (this.#pace.spent(leaves ? units : LOOK)) yield;
    }
  }

  /** One pass over all slots, when all records that were found are watched. */
  *pass(): Generator<undefined, void> {
    const now = this.#time;
    yield* this.#takeOver(now);
    const crowded = yield* this.#look(now);
    if (this.#settings.limits.evict !== 'none' && crowded.size > 0) yield* this.#evict(crowded, now);
    yield* this.#tell(now);
    for (const [series, metric] of this.#bare) {
      this.#settle(metric, series, now);
      if (this.#pace.spent(LIST)) yield;
    }
  }

  /** Finds out which slots are idle; returns the metrics whose overflow series was recorded on. */
  *#look(now: number): Generator<undefined, ReadonlyMap<CollectedMetric, Watched>> {
    const crowded = new Map<CollectedMetric, Watched>();
    yield* this.#keep(this.#watched, (slot) => {
      if (slot.requested) return false;
      const activity = this.#activity(slot);
      if (activity !== slot.seen) {
        slot.seen = activity;
        slot.since = this.#time;
        this.#updated[slot.series.place] = this.#time;
        if (slot.series === slot.metric.overflow) crowded.set(slot.metric, slot);
      }
      return true;
    });
    for (const slot of this.#watched) {
      if (now - slot.since >= this.#timeout(slot.metric) && this.#mayExpire(slot)) this.#request(slot);
      if (this.#untold >= REQUESTS) yield* this.#tell(now);
      if (this.#pace.spent(LOOK)) yield;
    }
    return crowded;
  }

  #request(slot: Watched): void {
    const { words } = this.#arena;
    const at = slot.record * 2;
    Atomics.store(words, at + SERIES_REQUEST, words[at + SERIES_INCARNATION] as number);
    slot.requested = true;
    this.#requested.push(slot);
    this.#untold++;
  }

  /** Lets the owners know what they were asked for, and takes over what that of this thread gives at once. */
  *#tell(now: number): Generator<undefined, void> {
    if (this.#untold === 0) return;
    this.#untold = 0;
    yield* this.#announce();
    yield* this.#takeOver(now);
  }

  *#announce(): Generator<undefined, void> {
    Atomics.add(this.#arena.words, EXPIRY_ROUND, 1);
    while (!this.#acts.answer()) yield;
  }

  /**
   * Asks for the slots of the series that were updated least recently, where newer ones found no place: of the metric
   * itself if it is full, else of any. Slots are gone through once, however many metrics are crowded.
   */
  *#evict(crowded: ReadonlyMap<CollectedMetric, Watched>, now: number): Generator<undefined, void> {
    const { perMetric } = this.#settings.limits;
    const candidates = new Map<CollectedSeries, Watched[]>();
    const byAge = new Map<number, CollectedSeries[]>();
    for (const slot of this.#watched) {
      if (this.#pace.spent(LIST)) yield;
      const { series } = slot;
      if (slot.requested || series === slot.metric.overflow || this.#updatedAt(series) >= now) continue;
      if (!this.#mayExpire(slot)) continue;
      if (!candidates.has(series)) entry(byAge, this.#updatedAt(series), () => []).push(series);
      entry(candidates, series, () => []).push(slot);
    }
    // By the thread that has a slot, and by thread and metric: each list is used up from its oldest on, at its end.
    const ofThread = new Map<number, Watched[]>();
    const ofMetric = new Map<CollectedMetric, Map<number, Watched[]>>();
    for (const age of Float64Array.from(byAge.keys()).sort().reverse()) {
      for (const series of byAge.get(age) ?? []) {
        for (const slot of candidates.get(series) ?? []) {
          if (this.#pace.spent(LIST)) yield;
          const owner = this.#owner(slot.record);
          entry(ofThread, owner, () => []).push(slot);
          if (!crowded.has(slot.metric)) continue;
          const lists = entry(ofMetric, slot.metric, () => new Map<number, Watched[]>());
          entry(lists, owner, () => []).push(slot);
        }
      }
    }
    for (const [metric, { record }] of crowded) {
      const owner = this.#owner(record);
      const full = metric.places + 1 >= perMetric;
      const oldest = (full ? ofMetric.get(metric)?.get(owner) : ofThread.get(owner)) ?? [];
      let wanted = Math.ceil((metric.places + 1) / EVICTED_SHARE);
      for (let slot = oldest.pop(); slot !== undefined; slot = oldest.pop()) {
        if (slot.requested) continue;
        this.#evicted.add(slot.series);
        for (const own of candidates.get(slot.series) ?? []) if (!own.requested) this.#request(own);
        if (this.#untold >= REQUESTS) yield* this.#tell(now);
        if (--wanted === 0) break;
      }
    }
  }

  /** Takes those out for which `keeps` is false. */
  *#keep(slots: Watched[], keeps: (slot: Watched) => boolean): Generator<undefined, void> {
    let kept = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Watched;
      if (keeps(slot)) slots[kept++] = slot;
      if (this.#pace.spent(LOOK)) yield;
    }
    slots.length = kept;
  }

  #updatedAt({ place }: CollectedSeries): number {
    return this.#updated[place] as number;
  }

  #owner(record: number): number {
    return this.#arena.owner(Math.floor((record * 8) / SLAB_BYTES));
  }

  /** Takes over the slots whose owners have acknowledged. */
  *#takeOver(now: number): Generator<undefined, void> {
    const { words } = this.#arena;
    const gone = new Map<CollectedSeries, Watched[]>();
    const records: number[] = [];
    yield* this.#keep(this.#requested, (slot) => {
      const at = slot.record * 2;
      if (Atomics.load(words, at + SERIES_ACK) !== words[at + SERIES_INCARNATION]) return true;
      entry(gone, slot.series, () => []).push(slot);
      records.push(slot.record);
      return false;
    });
    if (gone.size === 0) return;
    this.#acts.leaving(records);
    for (const [series, slots] of gone) {
      this.#takeSlots(series, slots, now);
      if (this.#pace.spent(MERGE * slots.length)) yield;
    }
    yield* this.#announce();
  }

  #takeSlots(series: CollectedSeries, slots: readonly Watched[], now: number): void {
    const { words } = this.#arena;
    const { metric } = slots[0] as Watched;
    for (const slot of slots) {
      // A sample came after the verdict.
      if (this.#activity(slot) === slot.seen) continue;
      this.#updated[series.place] = this.#time;
      this.#evicted.delete(series);
    }
    this.#acts.retire(
      metric,
      series,
      slots.map(({ record }) => record),
    );
    for (const { record } of slots) {
      this.#vacant.push(record);
      Atomics.store(words, record * 2 + SERIES_DONE, words[record * 2 + SERIES_INCARNATION] as number);
    }
    if (recordCount(series.records) > 0) return;
    this.#bare.set(series, metric);
    this.#settle(metric, series, now);
  }

  /** Ends a series without a record, if it was idle for long enough. */
  #settle(metric: CollectedMetric, series: CollectedSeries, now: number): void {
    const evicted = this.#evicted.has(series);
    if (!evicted && now - this.#updatedAt(series) < this.#timeout(metric)) return;
    if (series.mode(this.#arena) === MODE_MAX) return;
    this.#bare.delete(series);
    this.#evicted.delete(series);
    this.#acts.expire(metric, series);
  }

  /** What differs after every operation on a slot; of counters that are set, after every rise. */
  #activity({ record, metric }: Watched): number {
    const { words, doubles } = this.#arena;
    const cell = Atomics.load(words, record * 2 + SERIES_CELL);
    if (cell === 0) return 0;
    if (metric.type === 'counter') return doubles[cell] as number;
    return doubles[cell + (metric.type === 'gauge' ? GAUGE_WRITES : HISTOGRAM_WRITES)] as number;
  }

  #mayExpire({ series }: Watched): boolean {
    return series.mode(this.#arena) !== MODE_MAX;
  }

  #timeout({ kind }: CollectedMetric): number {
    return this.#settings.idleTimeout[kind];
  }
}
