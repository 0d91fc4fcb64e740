import {
  type Key,
  type Kind,
  report,
  type Scope,
  type SeriesNotes,
  type SnapshotMetric,
  type Temporality,
} from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { kindOf, type MetricDefinition, type StorageType } from '../arena/dictionary.ts';
import { MODE_NONE, SERIES_MODE } from '../arena/layout.ts';
import { type Cells, type Records, recordAt, recordCount, recordsOf } from './merge.ts';
import { SeriesList } from './series-list.ts';

/**
 * `live`: exported. `expired`: no more, but some delta reader has not read the last of it, and it goes on from there
 * if it is recorded on again. `gone`: nobody asks for it.
 */
export type SeriesLife = 'live' | 'expired' | 'gone';

const NONE: readonly number[] = Object.freeze([]);

/** What few series have: of threads that are gone, and of incarnations. */
class Rest {
  retired: Float64Array | undefined = undefined;
  past: Float64Array | undefined = undefined;
  floor = 0;
  /** When the first incarnation began. */
  readonly born: bigint;
  found = 0n;
  /** When the last one was last exported. */
  ended = 0n;
  state: SeriesLife = 'live';
  mode: number;

  constructor(born: bigint, mode: number) {
    this.born = born;
    this.mode = mode;
  }
}

/** One series, of all threads that record on it. */
export class CollectedSeries implements Cells, SeriesNotes {
  /** Counted from 0 in order of arrival. */
  readonly id: number;
  readonly key: Key;
  /** When its last incarnation began. */
  start: bigint;
  /** Addresses of the series records. Each names a cell; what these hold together is the series. */
  records: Records = NONE;
  /** Where readers keep what they know of it. Another series may have it later. */
  readonly place: number;
  store: DataView | undefined = undefined;
  attributes = 0;
  end = 0;
  /** As long as it has none of that: its mode, which is known in time. */
  #rest: Rest | number = MODE_NONE;

  constructor(id: number, place: number, key: Key, start: bigint) {
    this.id = id;
    this.place = place;
    this.key = key;
    this.start = start;
  }

  private get some(): Rest | undefined {
    const rest = this.#rest;
    return typeof rest === 'number' ? undefined : rest;
  }

  get retired(): Float64Array | undefined {
    return this.some?.retired;
  }

  set retired(cell: Float64Array | undefined) {
    this.rest().retired = cell;
  }

  get past(): Float64Array | undefined {
    return this.some?.past;
  }

  set past(cell: Float64Array | undefined) {
    this.rest().past = cell;
  }

  get floor(): number {
    return this.some?.floor ?? 0;
  }

  set floor(value: number) {
    this.rest().floor = value;
  }

  get state(): SeriesLife {
    return this.some?.state ?? 'live';
  }

  /** The latest collection that was read from when this incarnation was found, if it was not before its start; else 0. */
  get found(): bigint {
    return this.some?.found ?? 0n;
  }

  /** It is found when that collection was read from. */
  isFound(exported: bigint): void {
    if (exported >= this.start) this.rest().found = exported;
  }

  /** When it began first. */
  get born(): bigint {
    return this.some?.born ?? this.start;
  }

  /** When it was last exported before it ended; 0: it never did. */
  get ended(): bigint {
    return this.some?.ended ?? 0n;
  }

  /** It ends; `exported`: when it was last exported. */
  expire(exported: bigint): void {
    const rest = this.rest();
    rest.state = 'expired';
    rest.ended = exported;
  }

  /** It is recorded on again; not before its last incarnation was last exported. */
  revive(start: bigint, found: bigint): void {
    const rest = this.rest();
    rest.state = 'live';
    this.start = start > rest.ended ? start : rest.ended;
    rest.found = found;
  }

  /** Nobody asks for it any more. */
  leave(): void {
    this.rest().state = 'gone';
  }

  // A private method would cost each series a field.
  private rest(): Rest {
    if (typeof this.#rest === 'number') this.#rest = new Rest(this.start, this.#rest);
    return this.#rest;
  }

  /** Its one record, if nothing else is part of it: no other thread's, none of the gone, no past. Else 0. */
  get alone(): number {
    return typeof this.#rest === 'number' && typeof this.records === 'number' ? this.records : 0;
  }

  /** Counters: the mode of the first cell that has one. Cells of the other mode are not part of the series. */
  mode(arena: Arena): number {
    const rest = this.#rest;
    const known = typeof rest === 'number' ? rest : rest.mode;
    if (known !== MODE_NONE) return known;
    const mode = this.modeOf(arena);
    if (typeof rest === 'number') this.#rest = mode;
    else rest.mode = mode;
    return mode;
  }

  private modeOf({ words }: Arena): number {
    const { records } = this;
    for (let i = 0; i < recordCount(records); i++) {
      const mode = Atomics.load(words, recordAt(records, i) * 2 + SERIES_MODE);
      if (mode !== MODE_NONE) return mode;
    }
    return MODE_NONE;
  }

  /** What it holds without its past. */
  get current(): Cells & { readonly key: Key } {
    const { past, key, records, retired, floor } = this;
    return past === undefined ? this : { key, records, retired, floor };
  }

  add(record: number): void {
    const { records } = this;
    if (records === NONE) this.records = record;
    else if (typeof records === 'number') this.records = [records, record];
    else (records as number[]).push(record);
  }

  /** Takes out some of the records. */
  forget(records: readonly number[]): void {
    const gone = new Set(records);
    const [first, ...others] = recordsOf(this).filter((record) => !gone.has(record));
    this.records = first === undefined ? NONE : others.length === 0 ? first : [first, ...others];
  }
}

/** One metric, with its series in order of arrival. */
export class CollectedMetric {
  readonly scope: Scope;
  readonly name: string;
  readonly kind: Kind;
  /** Replaced by another list when some are gone, so that who walks through it is not disturbed. */
  list = new SeriesList();
  /** How many places they take, that of the overflow series not counted. */
  places = 0;
  /** Whether the place of the overflow series is kept. */
  admitted = false;
  overflow: CollectedSeries | undefined;
  /** When any of those that are gone was last exported: where one comes again, it begins after that, by whoever's clock. */
  ended = 0n;
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

  get series(): readonly CollectedSeries[] {
    return this.list.all;
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
    if (definition.unit !== '' && definition.unit !== this.#unit) this.#reportUnit(definition.unit);
    this.#description ||= definition.description;
    this.#cumulative = undefined;
    this.#delta = undefined;
    return true;
  }

  #reportUnit(unit: string): void {
    report('OSTINATO_DEFINITION_DIFFERS', `${this.scope.name} ${this.name} in another thread`, () => {
      return `${this.kind} "${this.name}" is defined in ${this.#unit}, and in ${unit} in another thread; the first definition stays, and values are not converted.`;
    });
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
