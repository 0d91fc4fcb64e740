import type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Key,
  Kind,
  Meta,
  RefusalReason,
  Scope,
  SeriesLabelValue,
} from '@ostinato/core';

/** One call, as it reached the recorder. */
export interface Operation {
  readonly operation: 'increment' | 'absolute' | 'set' | 'add' | 'record';
  readonly value: number;
  /** How many samples it stands for; more than 1 only after `recordMany`. */
  readonly count: number;
}

/** Labels of a series in a question: `undefined` and '' mean absent, 200 and '200' are equal. */
export type LabelsAsked = Readonly<Record<string, SeriesLabelValue | undefined>>;

/** A refused operation: by the facade (`negative`, `invalid_name` …) or by this recorder (`mode`, `kind`). */
export interface Refusal {
  readonly kind: Kind;
  readonly reason: RefusalReason;
  readonly count: number;
}

/** Everything that was recorded into one series. */
export interface RecordedSeries {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly name: string;
  readonly labels: Readonly<Record<string, SeriesLabelValue>>;
  /** What was declared, or described at any time. */
  readonly meta: Meta;
  /** A counter's total, a gauge's value; of a histogram the number of its samples. */
  readonly value: number;
  /** A histogram's samples in the order of recording; what a counter or gauge was given. */
  readonly values: readonly number[];
  readonly operations: readonly Operation[];
}

/** The sink of any kind. */
export type AnySink = CounterSink & GaugeSink & HistogramSink;

/** A series is what its cells write to. */
export class Series implements RecordedSeries, AnySink {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly name: string;
  readonly labels: Readonly<Record<string, SeriesLabelValue>>;
  readonly operations: Operation[] = [];
  readonly cells: Cell<AnySink>[] = [];
  readonly #metaOf: () => Meta;
  readonly #refused: () => void;
  value = 0;

  constructor(kind: Kind, key: Key, metaOf: () => Meta, refused: () => void) {
    this.kind = kind;
    this.scope = key.scope;
    this.name = key.name;
    this.labels = Object.fromEntries(key.labels);
    this.#metaOf = metaOf;
    this.#refused = refused;
  }

  get meta(): Meta {
    return this.#metaOf();
  }

  get values(): readonly number[] {
    return this.operations.flatMap(({ value, count }) => Array<number>(count).fill(value));
  }

  increment(by: number): void {
    if (this.operations[0]?.operation === 'absolute') this.#refused();
    else this.#keep('increment', by, this.value + by);
  }

  absolute(value: number): void {
    if (this.operations[0]?.operation === 'increment') this.#refused();
    else this.#keep('absolute', value, Math.max(this.value, value));
  }

  set(value: number): void {
    this.#keep('set', value, value);
  }

  add(by: number): void {
    this.#keep('add', by, this.value + by);
  }

  record(value: number, count: number): void {
    this.#keep('record', value, this.value + count, count);
  }

  #keep(operation: Operation['operation'], given: number, value: number, count = 1): void {
    this.operations.push({ operation, value: given, count });
    this.value = value;
  }
}

/** Where a metric's second kind goes. */
export class Refused implements AnySink {
  readonly increment: () => void;
  readonly absolute: () => void;
  readonly set: () => void;
  readonly add: () => void;
  readonly record: () => void;

  constructor(refused: () => void) {
    this.increment = this.absolute = this.set = this.add = this.record = refused;
  }
}
