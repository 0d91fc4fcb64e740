import {
  type Cell,
  type CounterSink,
  type GaugeSink,
  type HistogramSink,
  type Key,
  type Kind,
  type Meta,
  type ObservedKind,
  OstinatoError,
  REVOKED,
  type Recorder,
  type RefusalReason,
  type Scope,
  type SeriesLabelValue,
  UNOPENED,
} from '@ostinato/core';
import { listing, missing, seriesName } from './listing.ts';
import {
  type AnySink,
  type LabelsAsked,
  type RecordedSeries,
  type Refusal,
  Refused,
  Series,
} from './series.ts';

/**
 * A recorder for tests: it keeps every value, and its expectations say what was recorded instead.
 *
 * ```ts
 * const recorder = new DebuggingRecorder();
 * await withLocalRecorder(recorder, () => placeOrder());
 * recorder.expectCounter('orders', 1, { status: 'ok' });
 * ```
 *
 * Observed values are read by their callbacks whenever something is asked of it.
 */
export class DebuggingRecorder implements Recorder {
  readonly #meta = new Map<string, Meta>();
  readonly #kinds = new Map<string, Kind>();
  readonly #series = new Map<string, Series>();
  readonly #observers = new Set<() => void>();
  #observing = false;
  readonly #refusals = new Map<string, { kind: Kind; reason: RefusalReason; count: number }>();
  readonly now?: () => number;

  /** `clock`: what timers read, such as a `ManualClock`. Default: `performance.now`. */
  constructor({ clock }: { readonly clock?: { readonly now: () => number } } = {}) {
    if (clock !== undefined) this.now = () => clock.now();
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    const id = identity(kind, scope.name, scope.version, name);
    this.#meta.set(id, { ...meta, ...this.#meta.get(id) });
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.#cell('counter', key, meta);
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.#cell('gauge', key, meta);
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.#cell('histogram', key, meta);
  }

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    let cell: Cell<AnySink> | undefined;
    const observer = () => {
      const value = read();
      if (value === undefined) return;
      if (cell === undefined || cell.gate === REVOKED) cell = this.#cell(kind, key, meta);
      const { sink } = cell;
      // To look twice is not to record twice.
      if (sink instanceof Series && sink.operations.length > 0 && sink.value === value) return;
      if (kind === 'gauge') sink.set(value);
      else sink.absolute(value);
    };
    this.#observers.add(observer);
    return () => {
      this.#observers.delete(observer);
    };
  }

  refused(kind: Kind, reason: RefusalReason): void {
    const id = `${kind} ${reason}`;
    const refusal = this.#refusals.get(id);
    if (refusal === undefined) this.#refusals.set(id, { kind, reason, count: 1 });
    else refusal.count++;
  }

  /** Everything that was recorded, in order of registration; of one metric, if named. */
  series(name?: string): readonly RecordedSeries[] {
    this.#observe();
    return [...this.#series.values()].filter(
      (series) => series.operations.length > 0 && (name === undefined || series.name === name),
    );
  }

  /** What was refused, and how often. */
  refusals(): readonly Refusal[] {
    return [...this.#refusals.values()];
  }

  /**
   * A counter's total, a gauge's value or a histogram's number of samples; `undefined` if nothing was recorded.
   * `scope` is needed only when the series exists in several scopes.
   */
  value(name: string, labels: LabelsAsked = {}, scope?: string): number | undefined {
    return this.#find(undefined, name, labels, scope)?.value;
  }

  /** A histogram's samples in order of recording; [] if there are none. */
  values(name: string, labels: LabelsAsked = {}, scope?: string): readonly number[] {
    return this.#find(undefined, name, labels, scope)?.values ?? [];
  }

  /** Throws unless the counter's total is `value`; 0 also holds when it was never incremented. */
  expectCounter(name: string, value: number, labels: LabelsAsked = {}, scope?: string): void {
    this.#expectValue('counter', name, value, labels, scope);
  }

  /** Throws unless the gauge was set and stands at `value`. */
  expectGauge(name: string, value: number, labels: LabelsAsked = {}, scope?: string): void {
    this.#expectValue('gauge', name, value, labels, scope);
  }

  /** Throws unless exactly these samples were recorded, in this order; or as many, given a number. */
  expectHistogram(
    name: string,
    samples: readonly number[] | number,
    labels: LabelsAsked = {},
    scope?: string,
  ): void {
    const values = this.#find('histogram', name, labels, scope)?.values ?? [];
    const wanted = typeof samples === 'number' ? samples : samples.length;
    const equal = typeof samples === 'number' || samples.every((sample, i) => sample === values[i]);
    if (equal && values.length === wanted) return;
    const expected = typeof samples === 'number' ? `${samples} samples` : `[${samples.join(', ')}]`;
    this.#fail(
      'histogram',
      name,
      labels,
      expected,
      values.length > 0 ? `they are [${values.join(', ')}]` : undefined,
    );
  }

  /** Throws if anything was recorded; or into the named metric. */
  expectNothing(name?: string): void {
    const found = this.series(name);
    if (found.length === 0) return;
    throw new OstinatoError(
      'OSTINATO_EXPECTATION',
      `expected nothing ${name === undefined ? 'at all' : `in ${name}`} to be recorded\n${listing(found, this.refusals())}`,
    );
  }

  /** Throws unless so many operations were refused for this reason. */
  expectRefused(reason: RefusalReason, count: number): void {
    const refusals = this.refusals();
    const actual = refusals.reduce(
      (sum, refusal) => sum + (refusal.reason === reason ? refusal.count : 0),
      0,
    );
    if (actual === count) return;
    throw new OstinatoError(
      'OSTINATO_EXPECTATION',
      `expected ${count} operations to be refused as ${reason}, but there were ${actual}\n${listing(this.series(), refusals)}`,
    );
  }

  /** Forgets what was recorded and refused. Handles go on working, and what was declared stays. */
  clear(): void {
    for (const { cells } of this.#series.values()) for (const cell of cells) cell.gate = REVOKED;
    this.#series.clear();
    this.#refusals.clear();
  }

  /** Calls every callback, unless one of them asks for series itself. */
  #observe(): void {
    if (this.#observing) return;
    this.#observing = true;
    for (const observer of [...this.#observers]) if (this.#observers.has(observer)) observer();
    this.#observing = false;
  }

  #cell(kind: Kind, key: Key, meta: Meta): Cell<AnySink> {
    const { scope, name, labels } = key;
    this.describe(kind, scope, name, meta);
    const metric = identity(scope.name, scope.version, name);
    const first = this.#kinds.get(metric) ?? kind;
    this.#kinds.set(metric, first);
    if (kind !== first) return cell(new Refused(() => this.refused(kind, 'kind')));
    const id = identity(metric, ...labels.flat().map(String));
    let series = this.#series.get(id);
    if (series === undefined) {
      const metaOf = () => this.#meta.get(identity(kind, scope.name, scope.version, name)) ?? {};
      series = new Series(kind, key, metaOf, () => this.refused('counter', 'mode'));
      this.#series.set(id, series);
    }
    const made = cell(series);
    series.cells.push(made);
    return made;
  }

  #find(kind: Kind | undefined, name: string, labels: LabelsAsked, scope: string | undefined) {
    const found = this.series(name).filter(
      (series) =>
        (kind === undefined || series.kind === kind) &&
        (scope === undefined || series.scope.name === scope) &&
        sameLabels(series.labels, labels),
    );
    if (found.length > 1) {
      const scopes = found.map((series) => series.scope.name).join(', ');
      throw new OstinatoError(
        'OSTINATO_EXPECTATION',
        `${seriesName(name, labels)} exists in the scopes ${scopes}: name one`,
      );
    }
    return found[0];
  }

  #expectValue(
    kind: Kind,
    name: string,
    value: number,
    labels: LabelsAsked,
    scope: string | undefined,
  ): void {
    const series = this.#find(kind, name, labels, scope);
    if (series === undefined ? kind === 'counter' && value === 0 : series.value === value) return;
    this.#fail(kind, name, labels, `${value}`, series && `it is ${series.value}`);
  }

  #fail(kind: Kind, name: string, labels: LabelsAsked, expected: string, actual: string | undefined): never {
    const all = this.series();
    const reason = actual ?? missing(kind, name, labels, all);
    throw new OstinatoError(
      'OSTINATO_EXPECTATION',
      `expected the ${kind} ${seriesName(name, labels)} to be ${expected}, but ${reason}\n${listing(all, this.refusals())}`,
    );
  }
}

function cell(sink: AnySink): Cell<AnySink> {
  return { gate: UNOPENED, slots: undefined, index: 0, sink };
}

/** No two lists of parts give the same text. */
function identity(...parts: readonly (string | undefined)[]): string {
  return JSON.stringify(parts);
}

function sameLabels(labels: Readonly<Record<string, SeriesLabelValue>>, asked: LabelsAsked): boolean {
  const wanted = Object.entries(asked).filter(([, value]) => value !== undefined && value !== '');
  return (
    wanted.length === Object.keys(labels).length &&
    wanted.every(([name, value]) => Object.hasOwn(labels, name) && String(labels[name]) === String(value))
  );
}
