import type { Key, Kind, Meta, Recorder, Scope, SeriesLabelValue } from './recorder.ts';
import type { TraceContext } from './trace.ts';

/** A metric that the isolate knows of: one object per (kind, scope, name), shared by all copies of this package. */
export interface Definition {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly name: string;
  /** Frozen, replaced when a later description adds to it. */
  meta: Meta;
}

/** One call of `Recorder.describe`, kept for recorders that come later. */
export interface Description {
  readonly kind: Kind;
  readonly scope: Scope;
  readonly name: string;
  readonly meta: Meta;
}

/** A value that a callback gives. */
export interface Observed {
  readonly definition: Definition;
  readonly key: Key;
  readonly read: () => unknown;
  /** Ends the reading by the recorder that was told of it. */
  stop: (() => void) | undefined;
}

/** A value for all that a function calls and awaits; an AsyncLocalStorage where there is one. */
export interface AsyncScope<V> {
  getStore(): V | undefined;
  run<T>(value: V, fn: () => T): T;
}

/** Valid and present labels, by name. */
export type LabelContext = ReadonlyMap<string, SeriesLabelValue>;

/**
 * All that copies of this package share in one isolate (an ESM and a CommonJS build, two versions in a dependency
 * tree). Plain data: a field is never renamed, removed or given another meaning, only added.
 */
export interface State {
  /** A handle takes its fast path while its cell's gate equals this: `epoch`, or `CLOSED`. */
  gate: number;
  /** The same for counters whose store has `left`: `COUNTED - epoch`, or `CLOSED`. */
  counted: number;
  /** Counts installations and uninstallations, from 1. A handle bound under another epoch asks again. */
  epoch: number;
  /** The global recorder. */
  recorder: Recorder | undefined;
  /**
   * The array that most cells have, as the recorder said that is installed. An object of its own, to which `slots` is
   * added once in most programs: the optimising compiler then takes the array for a constant, and its address and length too.
   */
  readonly usual: { slots?: Float64Array | undefined };
  /** Identifies the installation of `recorder`: only it may uninstall. */
  installation: object | undefined;
  /** Present once `withLocalRecorder` was called. */
  locals: AsyncScope<Recorder> | undefined;
  /** By name, version and level. Bounded. */
  readonly scopes: Map<string, Scope>;
  /** By kind and name. Bounded by `definitionCount`. */
  readonly definitions: WeakMap<Scope, Map<string, Definition>>;
  definitionCount: number;
  /** Append-only and bounded; `replayed` says how many of them a recorder was told. */
  readonly described: Description[];
  readonly replayed: WeakMap<Recorder, number>;
  /** By series, in the order of making, for the recorder that is installed; bounded by `observedCount`. */
  readonly observed: Map<string, Observed[]>;
  observedCount: number;
  /** What the label caches of all copies hold; see budget.ts. */
  readonly cache: { entries: number; weight: number };
  /** The (code, subject) pairs that were reported. Bounded. */
  readonly reported: Set<string>;
  report: (code: string, text: string) => void;
  /** What is known of tracing. */
  trace?: TraceContext | undefined;
  /** Present once `withLabels` was called. */
  labels?: AsyncScope<LabelContext> | undefined;
}

/** A gate that no cell has: every operation takes the escape. */
export const CLOSED = -1;
/** What gates are counted down from, so far that none is one of any other meaning (`REVOKED`). */
const COUNTED = -10;

const SLOT = Symbol.for('ostinato.core.v1');

function create(): State {
  return {
    gate: 1,
    counted: COUNTED - 1,
    epoch: 1,
    recorder: undefined,
    usual: {},
    installation: undefined,
    locals: undefined,
    scopes: new Map(),
    definitions: new WeakMap(),
    definitionCount: 0,
    described: [],
    replayed: new WeakMap(),
    observed: new Map(),
    observedCount: 0,
    cache: { entries: 0, weight: 0 },
    reported: new Set(),
    report: (code, text) => globalThis.process?.emitWarning?.(text, { type: 'OstinatoWarning', code }),
    trace: undefined,
    labels: undefined,
  };
}

/**
 * The isolate's state. Files on the record path keep it in a constant of their own, which the optimising
 * compiler folds in; an imported binding costs a load in the CommonJS build.
 */
export function sharedState(): State {
  const holder = globalThis as { [SLOT]?: State };
  let state = holder[SLOT];
  if (state === undefined) {
    state = create();
    Object.defineProperty(globalThis, SLOT, { value: state });
  }
  return state;
}

const state = sharedState();

/** The recorder in effect here and now: the innermost local one, else the global one. */
export function currentRecorder(): Recorder | undefined {
  return state.locals?.getStore() ?? state.recorder;
}

/**
 * Makes every held handle of this thread ask its recorder again at its next operation. A recorder whose answers
 * change calls it (exported as `rebind`), and then hands out cells that it never gave before: a handle that has not
 * asked yet may still hold an old one, which must not be opened again by a handle that was given it anew.
 */
export function nextEpoch(): void {
  state.epoch += 1;
  if (state.gate !== CLOSED) {
    state.gate = state.epoch;
    state.counted = COUNTED - state.epoch;
  }
}

/** Changes when held handles of this thread have to ask again: for who holds a cell without a handle. */
export function currentEpoch(): number {
  return state.epoch;
}
