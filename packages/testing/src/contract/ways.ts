import {
  type Cell,
  type CounterSink,
  counter,
  defineCounter,
  defineGauge,
  defineHistogram,
  describeCounter,
  describeGauge,
  describeHistogram,
  type GaugeSink,
  gauge,
  type HistogramSink,
  histogram,
  type Key,
  type Kind,
  type Meta,
  type ObservedKind,
  observeCounter,
  observeGauge,
  type Recorder,
  type Scope,
  type SeriesLabelValue,
  scope as scopeOf,
  setGlobalRecorder,
  withLabels,
  withLocalRecorder,
} from '@ostinato/core';

export type Labels = Readonly<Record<string, SeriesLabelValue>>;

/** What a case records with. Every call may be the first for its series. */
export interface Way {
  increment(name: string, by: number, labels?: Labels, scope?: string): void;
  absolute(name: string, value: number, labels?: Labels, scope?: string): void;
  set(name: string, value: number, labels?: Labels, scope?: string): void;
  add(name: string, by: number, labels?: Labels, scope?: string): void;
  record(name: string, value: number, count?: number, labels?: Labels, scope?: string): void;
  /** With labels of which some come from the context. */
  incrementWithin(context: Labels, name: string, by: number, labels?: Labels): void;
  /** Returns what ends it. */
  observe(kind: ObservedKind, name: string, read: () => number, labels?: Labels, scope?: string): () => void;
  /** Declares a metric of the default scope before its first use. */
  declare(kind: Kind, name: string, meta: Meta): void;
  /** Describes a metric of the default scope at any time. */
  describe(kind: Kind, name: string, meta: Meta): void;
  close?(): void;
}

/** As core's handles do it: the fast path where the cell permits it, the sink elsewhere. */
function throughCells(recorder: Recorder): Way {
  return {
    increment(name, by, labels, scope) {
      const { slots, index, sink } = recorder.counter(makeKey(name, labels, scope), {});
      if (slots !== undefined) slots[index] = (slots[index] as number) + by;
      else sink.increment(by);
    },
    absolute(name, value, labels, scope) {
      recorder.counter(makeKey(name, labels, scope), {}).sink.absolute(value);
    },
    set(name, value, labels, scope) {
      const { slots, index, sink } = recorder.gauge(makeKey(name, labels, scope), {});
      if (slots === undefined) sink.set(value);
      else {
        slots[index] = value;
        slots[index + 1] = (slots[index + 1] as number) + 1;
      }
    },
    add(name, by, labels, scope) {
      recorder.gauge(makeKey(name, labels, scope), {}).sink.add(by);
    },
    record(name, value, count = 1, labels, scope) {
      recorder.histogram(makeKey(name, labels, scope), {}).sink.record(value, count);
    },
    incrementWithin(context, name, by, labels) {
      recorder.counter(makeKey(name, { ...context, ...labels }), {}).sink.increment(by);
    },
    observe: (kind, name, read, labels, scope) =>
      recorder.observe?.(kind, makeKey(name, labels, scope), {}, read) ?? (() => {}),
    declare: (kind, name, meta) => void cellOf(recorder, kind, makeKey(name), meta),
    describe: (kind, name, meta) => recorder.describe(kind, DEFAULT_SCOPE, name, meta),
  };
}

/** Never the fast path: what a recorder in front of others would do. */
function throughSinks(recorder: Recorder): Way {
  return {
    ...throughCells(recorder),
    increment: (name, by, labels, scope) =>
      recorder.counter(makeKey(name, labels, scope), {}).sink.increment(by),
    set: (name, value, labels, scope) => recorder.gauge(makeKey(name, labels, scope), {}).sink.set(value),
  };
}

/** As an application does it: this recorder is the global one. */
function throughGlobal(recorder: Recorder): Way {
  const installation = setGlobalRecorder(recorder);
  return { ...throughFacade((fn) => fn()), close: () => installation.uninstall() };
}

/** As a test does it: this recorder is the local one. */
function throughLocal(recorder: Recorder): Way {
  return throughFacade((fn) => withLocalRecorder(recorder, fn));
}

/** Label order varies from call to call. */
function throughFacade(local: <T>(fn: () => T) => T): Way {
  let calls = 0;
  const inEitherOrder = (labels: Labels = {}): Labels =>
    calls++ % 2 === 0 ? labels : Object.fromEntries(Object.entries(labels).reverse());
  const facade = (scope: string | undefined) =>
    scope === undefined
      ? { counter, gauge, histogram, observeCounter, observeGauge }
      : scopeOf({ name: scope });
  const defining = { counter: defineCounter, gauge: defineGauge, histogram: defineHistogram };
  const describing = { counter: describeCounter, gauge: describeGauge, histogram: describeHistogram };
  return {
    increment: (name, by, labels, scope) =>
      local(() => facade(scope).counter(name, inEitherOrder(labels)).increment(by)),
    absolute: (name, value, labels, scope) =>
      local(() => facade(scope).counter(name, inEitherOrder(labels)).absolute(value)),
    set: (name, value, labels, scope) =>
      local(() => facade(scope).gauge(name, inEitherOrder(labels)).set(value)),
    add: (name, by, labels, scope) =>
      local(() => facade(scope).gauge(name, inEitherOrder(labels)).increment(by)),
    record: (name, value, count = 1, labels, scope) =>
      local(() => facade(scope).histogram(name, inEitherOrder(labels)).recordMany(value, count)),
    incrementWithin(context, name, by, labels = {}) {
      const own = Object.keys(labels);
      const names = { contextLabels: Object.keys(context) };
      const increment = (): void => {
        if (own.length === 0) defineCounter(name, names).increment(by);
        else
          defineCounter(name, { ...names, labels: own as [string] })
            .with(labels)
            .increment(by);
      };
      local(() => withLabels(context, increment));
    },
    observe: (kind, name, read, labels, scope) => {
      const { observeCounter, observeGauge } = facade(scope);
      const observe = { counter: observeCounter, gauge: observeGauge }[kind];
      const observation = local(() => observe(name, inEitherOrder(labels), read));
      return () => observation.stop();
    },
    declare: (kind, name, meta) => local(() => void defining[kind](name, meta)),
    describe: (kind, name, meta) => local(() => describing[kind](name, meta)),
  };
}

/** By what a case's name says after 'through'. */
export const ways: Readonly<Record<string, (recorder: Recorder) => Way>> = {
  cells: throughCells,
  sinks: throughSinks,
  // Before the local one: with the first local recorder, handles leave their fast path for good.
  'the global recorder': throughGlobal,
  'a local recorder': throughLocal,
};

export const DEFAULT_SCOPE: Scope = Object.freeze({ name: 'ostinato' });

/** A new object at each call, as two copies of core give; sorted and frozen, as both do. */
export function makeKey(name: string, labels: Labels = {}, scope?: string): Key {
  const sorted = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((label) => Object.freeze(label));
  return Object.freeze({
    scope: scope === undefined ? DEFAULT_SCOPE : Object.freeze({ name: scope }),
    name,
    labels: Object.freeze(sorted),
  });
}

export function cellOf(
  recorder: Recorder,
  kind: Kind,
  key: Key,
  meta: Meta,
): Cell<CounterSink | GaugeSink | HistogramSink> {
  switch (kind) {
    case 'counter':
      return recorder.counter(key, meta);
    case 'gauge':
      return recorder.gauge(key, meta);
    case 'histogram':
      return recorder.histogram(key, meta);
    default:
      return kind satisfies never;
  }
}
