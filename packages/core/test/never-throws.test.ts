import fc from 'fast-check';
import {
  counter,
  defineCounter,
  defineGauge,
  defineHistogram,
  gauge,
  histogram,
  observeCounter,
  observeGauge,
  scope,
  setGlobalRecorder,
  setReporter,
  withLocalRecorder,
} from '../src/index.ts';
import { ObservingRecorder } from './support/observing-recorder.ts';
import { TestRecorder } from './support/recorder.ts';

const texts: string[] = [];
setReporter((_, text) => texts.push(text));

function boom(): never {
  throw new Error('hostile');
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const trapped = new Proxy(
  {},
  { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom, getPrototypeOf: boom },
);
const half = new Proxy({ a: 1 }, { getOwnPropertyDescriptor: boom });

/** Values that fast-check itself must not touch are made when they are used. */
const hostile: readonly unknown[] = [
  { toString: boom, valueOf: boom },
  { [Symbol.toPrimitive]: boom },
  {
    get [Symbol.toStringTag]() {
      return boom();
    },
  },
  {
    get a() {
      return boom();
    },
  },
  { a: { toString: boom } },
  { a: Symbol('a'), [Symbol('b')]: 1 },
  { __proto__: null, a: 1n },
  JSON.parse('{"__proto__": {"a": 1}, "constructor": "x"}'),
  trapped,
  half,
  { a: trapped },
  { a: half },
  revoked({}),
  revoked([]),
  revoked(() => 1),
  { a: revoked({}) },
  Object.assign(() => 1, { a: 1 }),
  new Map([['a', 1]]),
  new Date(Number.NaN),
  Symbol('s'),
  Symbol.iterator,
  10n ** 400n,
  new Array(5),
  globalThis,
  '\ud800',
  'le',
  { '\udfff': '\ud800' },
  { le: 1, quantile: 2, job: 'j', instance: 'i' },
  'x'.repeat(1e6),
  { ['x'.repeat(1e5)]: 'y'.repeat(1e5) },
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  -0,
  '12',
  null,
  undefined,
];

const HOSTILE = Symbol('hostile');
const anything = fc.oneof(
  fc.nat({ max: hostile.length - 1 }).map((index) => ({ [HOSTILE]: index })),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
);
const name = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('orders', 'size', 'depth') }, anything);

const scoped = scope({ name: 'fuzz', labels: { x: 1 } });
const counters = defineCounter('family.counter', { labels: ['a', 'b'] });
const gauges = defineGauge('family.gauge', { labels: ['a'] });
const histograms = defineHistogram('family.histogram', { labels: ['a', 'b', 'c'] });

/** Everything on the record path, with whatever there is. */
function recordAll(n: never, labels: never, a: never, b: never): void {
  for (const c of [
    counter(n, labels),
    scoped.counter(n, labels),
    counters.with(labels),
    counters.labels(a, b),
  ]) {
    c.increment(a);
    c.absolute(b);
  }
  for (const g of [gauge(n, labels), scoped.gauge(n, labels), gauges.with(labels), gauges.labels(a)]) {
    g.set(a);
    g.increment(b);
    g.decrement(a);
  }
  for (const h of [
    histogram(n, labels),
    scoped.histogram(n, labels),
    histograms.with(labels),
    histograms.labels(a, b, n),
  ]) {
    h.record(a);
    h.recordMany(a, b);
    h.startTimer().stop();
    h.time(() => a);
  }
  histograms.startTimer().stop(a, b, labels);
  (counters.labels as (...values: unknown[]) => unknown)();
  (counters.labels as (...values: unknown[]) => unknown)(a, b, n);
}

/** Only what an operation may take has come through. */
function expectSound(recorder: TestRecorder): void {
  for (const { kind, key } of recorder.bound) {
    expect(key.name).toMatch(/^[A-Za-z][\w.\-/]{0,254}$/);
    for (const [label, value] of key.labels) {
      expect(label).not.toMatch(/^__|^$|\p{Surrogate}/u);
      expect(value).not.toBe('');
      expect(
        typeof value === 'number' ? Number.isFinite(value) : ['string', 'boolean'].includes(typeof value),
      ).toBe(true);
    }
    expect(['counter', 'gauge', 'histogram']).toContain(kind);
  }
}

class StrictRecorder extends TestRecorder {
  override counter(...args: Parameters<TestRecorder['counter']>) {
    const cell = super.counter(...args);
    const { increment, absolute } = cell.sink;
    const check = (value: number) => expect(value >= 0 && value < Number.POSITIVE_INFINITY).toBe(true);
    cell.sink.increment = (by) => {
      check(by);
      increment(by);
    };
    cell.sink.absolute = (value) => {
      check(value);
      absolute(value);
    };
    return cell;
  }
  override gauge(...args: Parameters<TestRecorder['gauge']>) {
    const cell = super.gauge(...args);
    const { set, add } = cell.sink;
    const check = (value: number) => expect(Number.isFinite(value)).toBe(true);
    cell.sink.set = (value) => {
      check(value);
      set(value);
    };
    cell.sink.add = (by) => {
      check(by);
      add(by);
    };
    return cell;
  }
  override histogram(...args: Parameters<TestRecorder['histogram']>) {
    const cell = super.histogram(...args);
    cell.sink.record = (value, count) => {
      expect(value >= 0 && value < Number.POSITIVE_INFINITY).toBe(true);
      expect(Number.isSafeInteger(count) && count > 0).toBe(true);
    };
    return cell;
  }
}

/** The hostile value that a generated one stands for, if it does. */
function unwrap(value: unknown): never {
  const index = (value as { [HOSTILE]?: number } | null | undefined)?.[HOSTILE];
  return (index === undefined ? value : hostile[index]) as never;
}

function recordAnything(numRuns: number): void {
  fc.assert(
    fc.property(name, anything, anything, anything, (...values) => {
      const [n, labels, a, b] = values.map(unwrap) as [never, never, never, never];
      recordAll(n, labels, a, b);
    }),
    { numRuns },
  );
}

it('nothing throws on the record path without a recorder, whatever is passed', () => {
  recordAnything(500);
  expect(texts).toEqual([]);
});

it.each([true, false])('nor with one (fast way: %p), and its sinks get valid numbers only', (fast) => {
  const recorder = new StrictRecorder({ fast });
  const installation = setGlobalRecorder(recorder);
  recordAnything(500);
  installation.uninstall();
  expectSound(recorder);
  expect(recorder.bound.length).toBeGreaterThan(0);
  expect(recorder.refusals.length).toBeGreaterThan(0);
});

it('nor in a local scope', () => {
  const recorder = new StrictRecorder({ fast: false });
  withLocalRecorder(recorder, () => {
    recordAnything(200);
  });
  expectSound(recorder);
});

it('nor when observed values are read, whatever a callback does; to observe throws an OstinatoError or nothing', () => {
  const recorder = new ObservingRecorder();
  let read = 0;
  withLocalRecorder(recorder, () => {
    fc.assert(
      fc.property(name, anything, anything, fc.boolean(), (...[a, b, c, throws]) => {
        const [n, labels, value] = [a, b, c].map(unwrap) as [never, never, never];
        const callback = () => {
          if (throws) throw value;
          return value;
        };
        for (const given of [callback, value]) {
          try {
            observeCounter(n, labels, given);
            observeGauge(n, labels, given);
          } catch (error) {
            expect(error).toMatchObject({ name: 'OstinatoError', code: expect.stringMatching(/^OSTINATO_/) });
          }
        }
        for (const [, seen] of recorder.look()) {
          read += 1;
          expect(seen === undefined || Number.isFinite(seen)).toBe(true);
        }
        recorder.observers.clear();
      }),
      { numRuns: 500 },
    );
  });
  expectSound(recorder);
  expect(read).toBeGreaterThan(0);
});

it('its warnings are few, short and printable', () => {
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.length).toBeLessThanOrEqual(1_001);
  for (const text of texts) {
    expect(text.length).toBeLessThan(500);
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Surrogate}]/u);
  }
});
