/** The three instruments of the facade. */
export type Kind = 'counter' | 'gauge' | 'histogram';

/** What a callback may give the value of. */
export type ObservedKind = 'counter' | 'gauge';

/** How important a metric is; a filter layer may admit only some levels of a scope. Default `info`. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** A UCUM unit. Any string is accepted; these are completed by editors. */
export type Unit =
  | 'ns'
  | 'us'
  | 'ms'
  | 's'
  | 'min'
  | 'h'
  | 'd'
  | 'By'
  | 'KiBy'
  | 'MiBy'
  | 'GiBy'
  | 'kBy'
  | 'MBy'
  | 'GBy'
  | '1'
  | '%'
  | '{request}'
  | '{error}'
  | '{item}'
  | '{connection}'
  | (string & {});

/** What can be said of a metric besides its name. */
export interface Meta {
  /** UCUM unit, such as `s`, `By` or `{request}`. */
  readonly unit?: Unit;
  readonly description?: string;
  readonly level?: Level;
  /** Histograms only: explicit upper bounds, finite and strictly ascending. Absent: exponential. */
  readonly buckets?: readonly number[];
}

/** Where a metric comes from: the instrumentation scope of OpenTelemetry, and the target of filters. */
export interface Scope {
  readonly name: string;
  readonly version?: string;
  readonly level?: Level;
}

/** A label value as a series carries it; absent values never reach a series. */
export type SeriesLabelValue = string | number | boolean;

/**
 * The identity of one series: labels sorted by name (code unit order), everything frozen. There is one object
 * per series and isolate, so caches may be keyed by it weakly.
 */
export interface Key {
  readonly scope: Scope;
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: SeriesLabelValue])[];
}

/**
 * What a held handle writes to.
 *
 * `gate` is set by the facade: while it equals the isolate's gate, the handle takes its fast path. A recorder
 * may only revoke it (`REVOKED`): the handle then asks for a new cell at its next operation.
 *
 * `slots` is the permission for the fast path. Counters: `slots[index] += by`. Gauges: `slots[index] = value`
 * and `slots[index + 1] += 1` (a plain write counter that shows activity). Histograms: any array; it says that
 * `sink.take`, if there is one, may be called from the fast path. While it is undefined every operation goes through `sink`,
 * and it is looked at again after each of them: a counter's `increment` publishes `slots` once the series is a sum.
 * Handles are fastest with a `CounterCell` for counters, whose store may want some increments for itself (`CounterStore.left`).
 */
export interface Cell<S> {
  gate: number;
  readonly slots: Float64Array | undefined;
  readonly index: number;
  readonly sink: S;
}

/** `Cell.gate` before the facade opened it. */
export const UNOPENED = 0;
/** `Cell.gate` after the recorder withdrew the cell: the handle asks the recorder again. */
export const REVOKED = -2;

/** Sinks receive valid numbers only: finite, and not negative for counters and histograms. They never throw. */
export interface CounterSink {
  increment(by: number): void;
  absolute(value: number): void;
}
export interface GaugeSink {
  set(value: number): void;
  add(by: number): void;
}
export interface HistogramSink {
  record(value: number, count: number): void;
  /**
   * The fast path of one sample, where the cell has slots, which are given too. Unlike all others it receives any number.
   * It does what `record` does, or nothing and returns a negative number: then `record` is called, if the sample is valid.
   */
  take?(value: number, slots: Float64Array): number;
}

/** Why an operation was refused; the value of `ostinato.refused{reason}`. */
export type RefusalReason =
  | 'not_a_number'
  | 'not_finite'
  | 'negative'
  | 'invalid_count'
  | 'invalid_name'
  | 'invalid_label'
  | 'callback'
  | 'mode'
  | 'kind'
  | 'limit'
  | 'not_a_time_unit';

/** Where the facade sends what is recorded. Implementations never throw. */
export interface Recorder {
  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void;
  counter(key: Key, meta: Meta): Cell<CounterSink>;
  gauge(key: Key, meta: Meta): Cell<GaugeSink>;
  histogram(key: Key, meta: Meta): Cell<HistogramSink>;
  /** The array of all its cells, or of most: held handles are fastest with these. */
  readonly slots?: Float64Array;
  /** One operation was refused by the facade. */
  refused(kind: Kind, reason: RefusalReason): void;
  /**
   * Reads `read` whenever its series are looked at, until the function that this returns is called. `read` never
   * throws; it gives the gauge's value or the counter's total, a valid number, or undefined when there is none to
   * record (why was told to `refused`). It runs code of the application, which may record, and call this recorder in
   * any way. A recorder without this method is not told of observed values; the facade says so.
   */
  observe?(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void;
  /** The clock that timers read, in milliseconds, monotonic. Absent: `performance.now`. */
  now?(): number;
  /** It has become the global recorder of this thread. */
  installed?(): void;
  /** It is the global recorder no more; what it gave out may still be recorded to. */
  uninstalled?(): void;
}
