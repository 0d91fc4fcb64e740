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
import { LabelTable } from '../registry/label-table.ts';
import type { Cells } from './merge.ts';

/**
 * `live`: exported. `expired`: no more, but some delta reader has not read the last of it, and it goes on from there
 * if it is recorded on again. `gone`: nobody asks for it.
 */
export type SeriesLife = 'live' | 'expired' | 'gone';

const NONE: readonly number[] = Object.freeze([]);

/** One series, of all threads that record on it. */
export class CollectedSeries implements Cells, SeriesNotes {
  /** Counted from 0 in order of arrival. */
  readonly id: number;
  readonly key: Key;
  /** When it began first; `start`: when its last incarnation did. */
  readonly born: bigint;
  start: bigint;
  /** Addresses of the series records. Each names a cell; what these hold together is the series. */
  records: readonly number[] = NONE;
  retired: Float64Array | undefined = undefined;
  past: Float64Array | undefined = undefined;
  floor = 0;
  /** Where readers keep what they know of it. Another series may have it later. */
  readonly place: number;
  /** Where series expire: when it was last found to have changed, in milliseconds. */
  updated = 0;
  /** When its last incarnation was last exported. */
  ended = 0n;
  /** The latest collection that was read from when this incarnation was found. */
  found = 0n;
  state: SeriesLife = 'live';
  store: DataView | undefined = undefined;
  attributes = 0;
  end = 0;
  #mode = MODE_NONE;

  constructor(id: number, place: number, key: Key, start: bigint) {
    this.id = id;
    this.place = place;
    this.key = key;
    this.born = start;
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

  /** Adds a record. Most series have one, and a list that is pushed to makes room for many. */
  add(record: number): void {
    if (this.records.length === 0) this.records = [record];
    else (this.records as number[]).push(record);
  }

  /** Takes out some of the records. */
  forget(records: readonly number[]): void {
    const gone = new Set(records);
    const kept = this.records.filter((record) => !gone.has(record));
    this.records = kept.length === 0 ? NONE : kept;
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
  readonly byLabels = new LabelTable<CollectedSeries>();
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
