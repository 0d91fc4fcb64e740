import { ManualClock } from '@ostinato/testing';
import fc from 'fast-check';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, type Read, readSome } from '../support/series.ts';

/*
 * Whatever is recorded between whatever collections, half-read ones included, no reader loses a sample or sees one
 * twice: the deltas of a reader add up to what a Map was told. Values are integers, so sums are exact.
 */

type Step =
  | { readonly do: 'record'; readonly metric: number; readonly series: number; readonly value: number }
  | { readonly do: 'collect'; readonly reader: number; readonly read: number; readonly byScope: boolean }
  | { readonly do: 'readOn'; readonly reader: number; readonly read: number }
  | { readonly do: 'wait' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      metric: fc.nat(4),
      series: fc.nat(9),
      value: fc.oneof(fc.nat(5), fc.nat(1000), fc.nat(2 ** 31 - 1)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      reader: fc.nat(4),
      read: fc.oneof(fc.nat(12), fc.constant(Infinity)),
      byScope: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('readOn' as const), reader: fc.nat(4), read: fc.nat(12) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

const METRICS = ['counter', 'absolute', 'gauge', 'explicit', 'exponential'] as const;
const TEMPORALITIES = ['delta', 'cumulative', 'lowmemory', 'delta', 'cumulative'] as const;
const BUCKETS = [0, 3, 10, 500, 100_000];

interface Total {
  value: number;
  count: number;
  sum: number;
  zeros: number;
}

test('no reader loses or repeats a sample, whatever the order of records, collections and partial reads', () => {
  const { stop } = catchWarnings();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(4, 100), (steps, cardinality) => {
      run(steps, cardinality);
    }),
    { numRuns: 400 },
  );
  stop();
});

function run(steps: readonly Step[], cardinality: number): void {
  const clock = new ManualClock();
  const recorder = createRecorder({ clock, cardinality, buckets: { explicit: BUCKETS } });
  const expected = new Map<string, Total>();
  const admitted = new Map<string, Set<number>>();
  const readers = TEMPORALITIES.map((temporality) => new Auditor(recorder.reader({ temporality })));

  const record = (metric: (typeof METRICS)[number], series: number, value: number) => {
    const scope = { name: series % 2 === 0 ? 'even' : 'odd' };
    const key = makeKey(metric, { series }, scope);
    const inScope = admitted.get(scope.name + metric) ?? new Set<number>();
    admitted.set(scope.name + metric, inScope);
    if (inScope.size < cardinality - 1) inScope.add(series);
    const id = `${scope.name} ${metric} ${inScope.has(series) ? series : 'overflow'}`;
    const total = expected.get(id) ?? { value: 0, count: 0, sum: 0, zeros: 0 };
    expected.set(id, total);
    switch (metric) {
      case 'counter':
        recorder.counter(key, {}).sink.increment(value);
        total.value += value;
        break;
      case 'absolute':
        recorder.counter(key, {}).sink.absolute(value);
        total.value = Math.max(total.value, value);
        break;
      case 'gauge':
        if (value % 2 === 0) recorder.gauge(key, {}).sink.set(value);
        else recorder.gauge(key, {}).sink.add(value);
        total.value = value % 2 === 0 ? value : total.value + value;
        break;
      default:
        recorder.histogram(key, {}).sink.record(value, 1 + (value % 3));
        total.count += 1 + (value % 3);
        total.sum += value * (1 + (value % 3));
        if (value === 0 && metric === 'exponential') total.zeros += 1;
    }
  };

  for (const one of steps) {
    if (one.do === 'record') record(METRICS[one.metric]!, one.series, one.value);
    else if (one.do === 'wait') clock.jump(7);
    else if (one.do === 'readOn') readers[one.reader]!.read(one.read);
    else {
      readers[one.reader]!.collect();
      readers[one.reader]!.read(one.read, one.byScope);
    }
  }
  for (const reader of readers) {
    reader.collect();
    reader.read(Infinity);
    for (const [id, total] of expected) expect({ id, ...reader.total(id) }).toEqual({ id, ...total });
    expect(reader.size).toBeLessThanOrEqual(expected.size);
  }
}

/** A reader that adds up what it is shown and holds each point to what points must be. */
class Auditor {
  readonly #reader: ReturnType<ReturnType<typeof createRecorder>['reader']>;
  readonly #totals = new Map<string, Total>();
  readonly #lastTime = new Map<string, bigint>();
  #snapshot: ReturnType<typeof this.collect> | undefined;

  constructor(reader: ReturnType<ReturnType<typeof createRecorder>['reader']>) {
    this.#reader = reader;
  }

  get size(): number {
    return this.#totals.size;
  }

  total(id: string): Total {
    return this.#totals.get(id) ?? { value: 0, count: 0, sum: 0, zeros: 0 };
  }

  collect() {
    const snapshot = this.#reader.collect();
    this.#snapshot = snapshot;
    return snapshot;
  }

  read(limit: number, lastScopeFirst = false): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || limit === 0) return;
    const last = snapshot.scopes.at(-1);
    if (lastScopeFirst && last !== undefined)
      for (const read of readSome(last, limit)) this.#add(read, snapshot.time);
    else for (const read of readSome(snapshot, limit)) this.#add(read, snapshot.time);
  }

  #add(read: Read, time: bigint): void {
    const series = read.labels.series ?? 'overflow';
    const id = `${read.scope} ${read.name} ${series}`;
    expect(read.start).toBeLessThan(time);
    const { type, zeroCount, counts } = read;
    if (type === 'exponentialHistogram' || type === 'histogram') {
      expect(read.count).toBe(counts.reduce((a, b) => a + b, zeroCount));
      expect(counts.every((count) => count >= 0)).toBe(true);
    }
    if (type === 'exponentialHistogram' && counts.length > 0) {
      expect([counts[0], counts.at(-1)]).not.toContain(0);
      expect(counts.length).toBeLessThanOrEqual(160);
    }
    const zeros = type === 'histogram' ? 0 : zeroCount;
    const total = this.total(id);
    if (read.temporality === 'delta' && type !== 'gauge') {
      expect(read.start).toBeGreaterThanOrEqual(this.#lastTime.get(id) ?? 0n);
      this.#lastTime.set(id, time);
      this.#totals.set(id, {
        value: total.value + read.value,
        count: total.count + read.count,
        sum: total.sum + read.sum,
        zeros: total.zeros + zeros,
      });
    } else {
      expect(read.count).toBeGreaterThanOrEqual(total.count);
      this.#totals.set(id, { value: read.value, count: read.count, sum: read.sum, zeros });
    }
  }
}
