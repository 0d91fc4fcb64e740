import type { Cell, CounterSink, GaugeSink, HistogramSink, SeriesSource } from '@ostinato/core';
import { REVOKED } from '@ostinato/core';
import fc from 'fast-check';
import type { ReaderTemporality } from '../../src/options.ts';
import type { CellReader } from '../../src/read/reader.ts';
import { catchWarnings, makeKey } from '../support/series.ts';
import { Threads } from '../support/threads.ts';
import { spanOf, Tracing } from '../support/tracing.ts';

/** What is said of a series, and how many samples of it were shown as exemplars. */
type Shown = [id: string, start: bigint, value: number, count: number, born: boolean, exemplars: number];

const idOf = (name: string, labels: readonly (readonly [string, unknown])[]) => `${name} ${labels.join()}`;

/** Reads at most so many runs, with `atOnce` as numbers where there are any. Says which were numbers. */
function read(source: SeriesSource, { size = 5, runs = Infinity, atOnce = true } = {}) {
  const shown: Shown[] = [];
  const numbers: string[] = [];
  let left = runs;
  for (const run of source.chunks(size)) {
    const before = shown.length;
    for (let some = atOnce && run.numbers?.(); some; some = run.numbers?.()) {
      for (let i = 0; i < some.count; i++) {
        const { key } = some.series[i]!;
        expect(key.name).toBe(some.metric.name);
        shown.push([idOf(key.name, key.labels), some.starts[i]!, some.values[i]!, 0, false, 0]);
        numbers.push(idOf(key.name, key.labels));
      }
    }
    for (const { key, start, value, count, born, exemplars = [] } of run)
      shown.push([idOf(key.name, key.labels), start, value, count, born, exemplars.length]);
    expect(shown.length - before).toBeLessThanOrEqual(size);
    if (--left === 0) break;
  }
  return { shown, numbers };
}

describe('numbers', () => {
  test('are the counters and gauges of which a value is all there is to say, once they are not new', () => {
    const threads = new Threads(2);
    const reader = threads.reader();
    for (let i = 0; i < 3; i++) threads.counter(0, 'sum', { i }).increment(i + 1);
    threads.counter(0, 'absolute').absolute(7);
    threads.gauge(0, 'gauge').sink.set(-3);
    threads.histogram(0, 'histogram').record(1, 1);
    threads.counter(0, 'of two').increment(1);
    threads.counter(1, 'of two').increment(1);
    threads.counter(0, 'unused');
    threads.clock.jump(1);
    expect(read(reader.collect()).numbers).toEqual([]);
    threads.clock.jump(1);
    threads.counter(0, 'sum', { i: 1 }).increment(40);
    threads.counter(0, 'sum', { i: 3 }).increment(1);
    threads.clock.jump(1);
    const { shown, numbers } = read(reader.collect(), { size: 1 });
    expect(numbers).toEqual(['sum i,0', 'sum i,1', 'sum i,2', 'absolute ', 'gauge ']);
    expect(shown.map(([id, , value]) => [id, value])).toEqual([
      ['sum i,0', 1],
      ['sum i,1', 42],
      ['sum i,2', 3],
      ['sum i,3', 1],
      ['absolute ', 7],
      ['gauge ', -3],
      ['histogram ', 0],
      ['of two ', 2],
    ]);
    threads.clock.jump(1);
    expect(read(reader.collect(), { size: 1 }).numbers).toContain('sum i,3');
  });

  test('are what is new, since it was last read, for a reader of deltas', () => {
    const threads = new Threads(1);
    const reader = threads.reader('delta');
    for (let i = 0; i < 4; i++) threads.counter(0, 'sum', { i }).increment(10);
    for (let i = 0; i < 2; i++) threads.gauge(0, 'gauge', { i }).sink.set(10);
    threads.clock.jump(1);
    expect(read(reader.collect()).numbers).toEqual([]);
    const first = threads.clock.epochNanos();
    threads.counter(0, 'sum', { i: 1 }).increment(4);
    threads.counter(0, 'sum', { i: 3 }).increment(5);
    threads.gauge(0, 'gauge', { i: 1 }).sink.set(10);
    threads.clock.jump(1);
    const { shown, numbers } = read(reader.collect());
    expect(numbers).toEqual(['sum i,1', 'sum i,3', 'gauge i,1']);
    expect(shown.map(([, start, value]) => [start, value])).toEqual([
      [first, 4],
      [first, 5],
      [first - 1_000_000n, 10],
    ]);
    threads.clock.jump(1);
    expect(read(reader.collect()).shown).toEqual([]);
  });

  test('are none for a lowmemory reader, which goes through counters twice', () => {
    const threads = new Threads(1);
    const reader = threads.reader('lowmemory');
    for (let i = 0; i < 3; i++) {
      threads.counter(0, 'sum').increment(1);
      threads.clock.jump(1);
      const { shown, numbers } = read(reader.collect());
      expect(numbers).toEqual([]);
      expect(shown).toMatchObject([['sum ', expect.anything(), 1, 0, false, 0]]);
    }
  });

  test('are not asked for for ever where there are none', () => {
    const threads = new Threads(1);
    threads.histogram(0, 'histogram').record(1, 1);
    threads.clock.jump(1);
    for (const run of threads.reader().collect().chunks(3)) expect(run.numbers?.()).toBeUndefined();
  });

  test('come in every size of run, up to 64 at once', () => {
    const threads = new Threads(1);
    const reader = threads.reader();
    for (let i = 0; i < 150; i++) threads.counter(0, 'sum', { i }).increment(i);
    for (const size of [1000, 1, 64, 100]) {
      threads.clock.jump(1);
      const { shown, numbers } = read(reader.collect(), { size });
      expect(shown.map(([, , value]) => value)).toEqual([...Array(150).keys()]);
      expect(numbers).toHaveLength(size === 1000 ? 0 : 150);
    }
  });

  test('of deltas do not hide what is owed of series that are gone', () => {
    const caught = catchWarnings();
    const threads = new Threads(1, { idleTimeout: IDLE, cardinality: { perMetric: 3, total: 3 } });
    const reader = threads.reader('delta');
    const total = ({ shown }: ReturnType<typeof read>) => shown.reduce((sum, [, , value]) => sum + value, 0);
    const sums = [0, 1, 2].map((i) => threads.counter(0, 'sum', { i }));
    for (const sum of sums) sum.increment(1);
    threads.clock.jump(1);
    expect(total(read(reader.collect()))).toBe(3);
    for (let i = 3; i < 12; i++) {
      sums[2]?.increment(100);
      threads.counter(0, 'sum', { i }).increment(1);
      threads.clock.jump(IDLE);
      threads.takeIn();
      threads.registries[0]?.answer();
      threads.takeIn();
    }
    threads.clock.jump(1);
    const { shown } = read(reader.collect());
    expect(shown.filter(([id]) => id.includes('overflow')).map(([, , value]) => value)).toEqual([905]);
    expect(total({ shown, numbers: [] })).toBe(909);
    caught.stop();
  });

  test('do not hide exemplars', () => {
    using tracing = new Tracing();
    const threads = new Threads(1);
    const reader = threads.reader();
    const record = () => {
      for (let i = 0; i < 3; i++) {
        tracing.active = i === 1 ? spanOf(i) : undefined;
        threads.counter(0, 'sum', { i }).increment(1);
      }
      threads.clock.jump(1);
    };
    record();
    read(reader.collect());
    record();
    const { shown, numbers } = read(reader.collect(), { size: 1 });
    expect(numbers).toEqual(['sum i,0', 'sum i,2']);
    expect(shown.map(([, , value, , , exemplars]) => [value, exemplars])).toEqual([
      [2, 0],
      [2, 1],
      [2, 0],
    ]);
  });
});

const IDLE = 10;
const KINDS = ['sum', 'absolute', 'gauge', 'histogram'] as const;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      thread: fc.constantFrom(0, 0, 0, 1),
      kind: fc.constantFrom(...KINDS),
      series: fc.nat(7),
      value: fc.nat(1000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      size: fc.integer({ min: 1, max: 9 }),
      runs: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), thread: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(1, 1, IDLE) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Threads and a reader, which reads as numbers or one by one. */
class World {
  readonly #threads = new Threads(2, {
    idleTimeout: IDLE,
    cardinality: { perMetric: 5, total: 8 },
    maxMemory: 2 ** 21,
  });
  readonly #reader: CellReader;
  readonly #cells = new Map<string, Cell<unknown>>();
  readonly #atOnce: boolean;
  readonly seen: Shown[][] = [];
  numbers = 0;

  constructor(temporality: ReaderTemporality, atOnce: boolean) {
    this.#reader = this.#threads.reader(temporality);
    this.#atOnce = atOnce;
  }

  do(step: Step): void {
    const { clock, registries } = this.#threads;
    if (step.do === 'record') this.#record(step.thread, step.kind, step.series, step.value);
    else if (step.do === 'answer') registries[step.thread]!.answer();
    else if (step.do === 'wait') clock.jump(step.time);
    else {
      const { shown, numbers } = read(this.#reader.collect(), { ...step, atOnce: this.#atOnce });
      this.seen.push(shown);
      this.numbers += numbers.length;
    }
  }

  #record(thread: number, kind: (typeof KINDS)[number], series: number, value: number): void {
    const id = `${thread} ${kind} ${series}`;
    let cell = this.#cells.get(id);
    if (cell === undefined || cell.gate === REVOKED) {
      const of = kind === 'gauge' || kind === 'histogram' ? kind : 'counter';
      cell = this.#threads.registries[thread]!.cell(of, makeKey(kind, { series }), {});
      this.#cells.set(id, cell);
    }
    if (kind === 'sum') (cell.sink as CounterSink).increment(value);
    else if (kind === 'absolute') (cell.sink as CounterSink).absolute(value);
    else if (kind === 'gauge') (cell.sink as GaugeSink).set(value);
    else (cell.sink as HistogramSink).record(value, 1);
  }
}

test.each(['cumulative', 'delta', 'lowmemory'] as const)(
  '%s: numbers are what is read one by one, whatever was recorded, expired, was revived, was read by halves',
  (temporality) => {
    const caught = catchWarnings();
    let numbers = 0;
    try {
      fc.assert(
        fc.property(fc.array(step, { minLength: 30, maxLength: 200 }), (steps) => {
          const [many, single] = [new World(temporality, true), new World(temporality, false)];
          for (const each of steps) {
            many.do(each);
            single.do(each);
          }
          expect(many.seen).toEqual(single.seen);
          numbers += many.numbers;
        }),
        { numRuns: 50 },
      );
    } finally {
      caught.stop();
    }
    expect(numbers > 0).toBe(temporality !== 'lowmemory');
  },
);
