import type { Cell, CounterSink, GaugeSink, HistogramSink } from '@ostinato/core';
import { REVOKED } from '@ostinato/core';
import fc from 'fast-check';
import type { CellReader } from '../../src/read/reader.ts';
import { catchWarnings, makeKey, type Read, readAll, readSome } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

/*
 * Series of two threads expire and are revived while readers of all kinds read, at their own pace and by halves. What
 * was recorded is known to a Map. Values are integers, so sums are exact.
 */

const METRICS = ['counter', 'absolute', 'gauge', 'explicit', 'exponential'] as const;
const TEMPORALITIES = ['delta', 'lowmemory', 'delta'] as const;
const IDLE = 10;

type Step =
  | { do: 'record'; thread: number; metric: number; series: number; value: number }
  | { do: 'collect'; reader: number; read: number }
  | { do: 'readOn'; reader: number; read: number }
  | { do: 'answer'; thread: number }
  | { do: 'wait'; time: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      thread: fc.nat(1),
      metric: fc.nat(4),
      series: fc.nat(5),
      value: fc.oneof(fc.nat(3), fc.nat(1000), fc.nat(2 ** 31 - 1)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      reader: fc.nat(2),
      read: fc.oneof(fc.nat(8), fc.constant(Infinity)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('readOn' as const), reader: fc.nat(2), read: fc.nat(8) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), thread: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(1, IDLE) }),
  },
);

const steps = fc.array(step, { minLength: 100, maxLength: 250 });

/** What a series, or a metric, amounts to: the value of a counter or gauge; of a histogram the samples and their sum. */
type Total = [value: number, count: number, sum: number];
const amount = ({ value, count, sum }: Read): Total => [value, count, sum];
const add = (a: Total = [0, 0, 0], b: Total): Total => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const minus = (a: Total, b: Total = [0, 0, 0]): Total => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

class World {
  readonly threads: Threads;
  readonly recorded = new Map<string, Total>();
  readonly deltas = TEMPORALITIES.map(() => new Map<string, Total>());
  readonly #readers: CellReader[];
  readonly #witness: CellReader;
  readonly #snapshots: (ReturnType<CellReader['collect']> | undefined)[] = [];
  readonly #cells = new Map<string, Cell<unknown>>();
  /** By series: what was recorded up to the last time that it was not exported. */
  readonly #base = new Map<string, Total>();
  readonly #starts = new Map<string, bigint>();
  expiries = 0;

  constructor(cardinality: number) {
    this.threads = new Threads(2, {
      idleTimeout: IDLE,
      cardinality,
      maxMemory: 2 ** 21,
      buckets: { explicit: [0, 5, 1000] },
    });
    this.#readers = TEMPORALITIES.map((temporality) => this.threads.reader(temporality));
    this.#witness = this.threads.reader();
  }

  do(step: Step): void {
    switch (step.do) {
      case 'record':
        this.#record(step.thread, METRICS[step.metric]!, step.series, step.value);
        break;
      case 'collect':
        this.#snapshots[step.reader] = this.#readers[step.reader]!.collect();
        this.readOn(step.reader, step.read);
        break;
      case 'readOn':
        this.readOn(step.reader, step.read);
        break;
      case 'answer':
        this.threads.registries[step.thread]!.answer();
        break;
      case 'wait':
        this.threads.clock.jump(step.time);
    }
  }

  /** As a handle does it. */
  #record(thread: number, metric: (typeof METRICS)[number], series: number, value: number): void {
    const kind = metric === 'gauge' ? 'gauge' : metric.startsWith('exp') ? 'histogram' : 'counter';
    const id = `${metric} ${series}`;
    let cell = this.#cells.get(`${thread} ${id}`);
    if (cell === undefined || cell.gate === REVOKED) {
      cell = this.threads.registries[thread]!.cell(kind, makeKey(metric, { series }), {});
      this.#cells.set(`${thread} ${id}`, cell);
    }
    const total = this.recorded.get(id);
    if (metric === 'gauge') {
      if (value % 2 === 0) (cell.sink as GaugeSink).set(value);
      else (cell.sink as GaugeSink).add(value);
      this.recorded.set(id, value % 2 === 0 ? [value, 0, 0] : add(total, [value, 0, 0]));
    } else if (metric === 'absolute') {
      (cell.sink as CounterSink).absolute(value);
      this.recorded.set(id, [Math.max(total?.[0] ?? 0, value), 0, 0]);
    } else if (metric === 'counter') {
      (cell.sink as CounterSink).increment(value);
      this.recorded.set(id, add(total, [value, 0, 0]));
    } else {
      (cell.sink as HistogramSink).record(value, 2);
      this.recorded.set(id, add(total, [0, 2, 2 * value]));
    }
  }

  readOn(reader: number, limit: number): void {
    const snapshot = this.#snapshots[reader];
    if (snapshot === undefined || limit === 0) return;
    const deltas = this.deltas[reader]!;
    for (const read of readSome(snapshot, limit)) {
      expect(read.start).toBeLessThan(snapshot.time);
      expect(read.counts.every((count) => count >= 0)).toBe(true);
      if (read.counts.length > 0 || read.zeroCount > 0)
        expect(read.counts.reduce((a, b) => a + b, read.zeroCount)).toBe(read.count);
      const id = `${read.name} ${read.labels.series ?? 'overflow'}`;
      deltas.set(
        id,
        read.temporality === 'delta' && read.type !== 'gauge'
          ? add(deltas.get(id), amount(read))
          : amount(read),
      );
    }
  }

  /** What a reader of the whole sees of each series is what was recorded since it began, at any moment. */
  check(): void {
    const seen = new Map<string, Read>(
      readAll(this.#witness.collect()).map((read) => [`${read.name} ${read.labels.series}`, read] as const),
    );
    for (const [id, total] of this.recorded) {
      const read = seen.get(id);
      const isGauge = id.startsWith('gauge');
      if (read === undefined) {
        expect(id).not.toContain('absolute');
        if (this.#starts.delete(id)) this.expiries++;
        this.#base.set(id, total);
        continue;
      }
      expect({ id, amount: amount(read) }).toEqual({
        id,
        amount: isGauge ? total : minus(total, this.#base.get(id)),
      });
      const start = this.#starts.get(id) ?? read.start;
      expect(read.start).toBe(start);
      this.#starts.set(id, start);
    }
  }

  finish(): void {
    for (let i = 0; i < 3; i++) {
      for (const reader of TEMPORALITIES.keys()) this.do({ do: 'collect', reader, read: Infinity });
    }
  }
}

let expiries = 0;

beforeEach(() => {
  expiries = 0;
});

test('whatever expires when: deltas add up to what was recorded, and each incarnation to what it was given', () => {
  const { stop } = catchWarnings();
  fc.assert(
    fc.property(steps, (steps) => {
      const world = new World(100);
      for (const step of steps) {
        world.do(step);
        if (step.do === 'collect') world.check();
      }
      world.finish();
      world.check();
      for (const deltas of world.deltas)
        for (const [id, total] of world.recorded)
          expect({ id, total: deltas.get(id) ?? [0, 0, 0] }).toEqual({ id, total });
      expiries += world.expiries;
    }),
    { numRuns: 60, endOnFailure: true },
  );
  stop();
  expect(expiries).toBeGreaterThan(500);
});

test('the same with too many series: with the overflow series, nothing is lost and nothing counted twice', () => {
  const { stop } = catchWarnings();
  const byMetric = (totals: ReadonlyMap<string, Total>) => {
    const sums = new Map<string, Total>();
    for (const [id, total] of totals) {
      const name = id.split(' ')[0]!;
      if (name !== 'gauge' && name !== 'absolute') sums.set(name, add(sums.get(name), total));
    }
    return Object.fromEntries([...sums].filter(([, total]) => total.some((n) => n > 0)).sort());
  };
  fc.assert(
    fc.property(steps, fc.constantFrom(2, 4), (steps, cardinality) => {
      const world = new World(cardinality);
      for (const step of steps) world.do(step);
      world.finish();
      for (const deltas of world.deltas) expect(byMetric(deltas)).toEqual(byMetric(world.recorded));
    }),
    { numRuns: 60, endOnFailure: true },
  );
  stop();
});
