import { type SeriesCursor, setReporter } from '@ostinato/core';
import fc from 'fast-check';
import { type EncodedBatch, encodeBatch } from '../../src/encode/batch.ts';
import type { MetricsBatch, ScopeBatch } from '../../src/encode/sdk-types.ts';
import type { Unit } from '../../src/unit.ts';
import { batch } from './arbitraries.ts';
import { counter } from './fixtures.ts';
import { decoded, hex, pointsIn } from './oracle.ts';
import {
  branded,
  counterSnapshot,
  materialised,
  type Series,
  snapshot,
  snapshots,
  withExemplars,
} from './snapshots.ts';

const resource = { attributes: { 'service.name': 'shop' }, schemaUrl: 'https://example.org/1' };
const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };

function walk(lazy: EncodedBatch['lazy']): Unit[] {
  const units: Unit[] = [];
  if (lazy === undefined) throw new Error('nothing lazy');
  for (let step = lazy.next(); step.done !== true; step = lazy.next()) {
    if (step.value !== undefined) units.push(step.value);
  }
  return units;
}

const batchOf = (...scopeMetrics: ScopeBatch[]): MetricsBatch => ({ resource, scopeMetrics });

describe('a snapshot', () => {
  it('becomes the bytes of the SDK objects that it materialises to', () => {
    fc.assert(
      fc.property(snapshot, (given) => {
        const { units, lazy } = encodeBatch(batchOf(branded(given)), WHOLE);
        expect(units).toEqual([]);
        const [expected] = encodeBatch(batchOf(materialised(given)), WHOLE).units;
        const [unit, ...others] = walk(lazy);
        expect(others).toEqual([]);
        expect(unit.points).toBe(expected.points);
        expect(unit.resource).toBe(expected.resource);
        expect(hex(unit.bytes)).toBe(hex(expected.bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('is split by size as SDK objects are', () => {
    fc.assert(
      fc.property(snapshot, fc.integer({ min: 100, max: 4000 }), (given, maxBytes) => {
        const { lazy } = encodeBatch(batchOf(branded(given)), { maxBytes });
        const { units } = encodeBatch(batchOf(materialised(given)), { maxBytes });
        expect(walk(lazy).map(({ bytes }) => hex(bytes))).toEqual(units.map(({ bytes }) => hex(bytes)));
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same bytes again when its series are met again', () => {
    const first = counterSnapshot(3);
    const encode = (): string[] =>
      walk(encodeBatch(batchOf(branded(first)), WHOLE).lazy).map(({ bytes }) => hex(bytes));
    expect(encode()).toEqual(encode());
  });

  it('shows what is now of series that it knows: values, times, exemplars, in whatever order', () => {
    fc.assert(
      fc.property(snapshots, fc.integer({ min: 100, max: 9000 }), (all, maxBytes) => {
        for (const given of all) {
          const { lazy } = encodeBatch(batchOf(branded(given)), { maxBytes });
          const { units } = encodeBatch(batchOf(materialised(given)), { maxBytes });
          expect(walk(lazy).map(({ bytes }) => hex(bytes))).toEqual(units.map(({ bytes }) => hex(bytes)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is not changed by others of the same series that are read between its steps, or within one', () => {
    fc.assert(
      fc.property(snapshots, fc.infiniteStream(fc.nat()), (all, choices) => {
        const encodings = all.map((given) => ({
          lazy: encodeBatch(batchOf(branded(given)), WHOLE).lazy as Iterator<Unit | undefined>,
          expected: encodeBatch(batchOf(materialised(given)), WHOLE).units,
          units: [] as Unit[],
          open: true,
        }));
        const choice = (below: number): number => choices.next().value % below;
        const step = (): boolean => {
          const waiting = encodings.filter(({ open }) => open);
          const one = waiting[choice(waiting.length)];
          if (one === undefined) return false;
          one.open = false;
          const { done, value } = one.lazy.next();
          one.open = done !== true;
          if (value !== undefined) one.units.push(value);
          return true;
        };
        for (const given of all) given.onRead = () => void (choice(8) === 0 && step());
        while (step());
        for (const { units, expected } of encodings) {
          expect(units.map(({ bytes }) => hex(bytes))).toEqual(expected.map(({ bytes }) => hex(bytes)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the attributes of a key apart by the type of point that they stand in', () => {
    const counters = counterSnapshot(1);
    const types = ['counter', 'histogram', 'exponentialHistogram', 'gauge'] as const;
    for (const type of types) {
      const given = Object.assign(counterSnapshot(0), {
        metrics: counters.metrics.map(({ metric, series }) => ({ metric: { ...metric, type }, series })),
      });
      const [unit] = walk(encodeBatch(batchOf(branded(given)), WHOLE).lazy);
      expect(pointsIn(unit)).toEqual([expect.stringContaining('{"key":"id","value":{"intValue":"0"}}')]);
    }
  });

  it('reads nothing before the first step, and at most 64 series in a step', () => {
    const given = counterSnapshot(200);
    const { lazy } = encodeBatch(batchOf(branded(given)), WHOLE);
    expect(given.read).toBe(0);
    const read: number[] = [];
    for (let step = lazy!.next(); step.done !== true; step = lazy!.next()) read.push(given.read);
    expect(read.slice(0, 4)).toEqual([64, 128, 192, 200]);
    expect(given.longestRun).toBe(64);
  });

  it('gives each finished unit at the step that finished it, also when a step finishes several', () => {
    const { lazy } = encodeBatch(batchOf(branded(counterSnapshot(100))), { maxBytes: 1 });
    const units = walk(lazy);
    expect(units.map(({ points }) => points)).toEqual(new Array(100).fill(1));
    expect(units.flatMap(pointsIn)).toHaveLength(100);
  });

  it('stays done', () => {
    const { lazy } = encodeBatch(batchOf(branded(counterSnapshot(1))), WHOLE);
    expect(walk(lazy)).toHaveLength(1);
    expect(walk(lazy)).toEqual([]);
  });

  it('without series gives no unit', () => {
    expect(walk(encodeBatch(batchOf(branded(counterSnapshot(0))), WHOLE).lazy)).toEqual([]);
  });

  it('goes beside SDK objects of the same batch', () => {
    fc.assert(
      fc.property(batch, snapshot, snapshot, (foreign, first, second) => {
        const given = batchOf(branded(first), ...foreign.scopeMetrics, branded(second));
        const { units, lazy } = encodeBatch(given, { maxBytes: 4096 });
        const expected = encodeBatch(batchOf(...foreign.scopeMetrics), { maxBytes: 4096 }).units;
        expect(units.map(({ bytes }) => hex(bytes))).toEqual(expected.map(({ bytes }) => hex(bytes)));
        const both = encodeBatch(batchOf(materialised(first), materialised(second)), {
          maxBytes: 4096,
        }).units;
        expect(walk(lazy).map(({ bytes }) => hex(bytes))).toEqual(both.map(({ bytes }) => hex(bytes)));
      }),
      { numRuns: 50 },
    );
  });

  it('that was materialised is read as SDK objects', () => {
    const scope = { ...materialised(counterSnapshot(2)) };
    Object.defineProperty(scope, Symbol.for('ostinato.snapshot.v1'), { value: undefined });
    const { units, lazy } = encodeBatch(batchOf(scope), WHOLE);
    expect(units.map(({ points }) => points)).toEqual([2]);
    expect(lazy).toBeUndefined();
  });

  it('that breaks while it is read gives what was read, says so, and leaves the others whole', () => {
    const reports: string[] = [];
    const previous = setReporter((code, text) => reports.push(`${code} ${text}`));
    try {
      const broken = counterSnapshot(70);
      const unreadable = Object.defineProperty({ ...broken.metrics[0].series[66] }, 'value', {
        get: () => {
          throw new Error('gone');
        },
      });
      (broken.metrics[0].series as Series[])[66] = unreadable;
      broken.chunks = function* (size) {
        const [{ metric, series }] = this.metrics;
        const cursors = series.map((one) =>
          Object.defineProperties({ metric }, Object.getOwnPropertyDescriptors(one)),
        );
        for (let from = 0; from < 70; from += size) yield cursors.slice(from, from + size) as SeriesCursor[];
      };
      const units = walk(encodeBatch(batchOf(branded(broken), branded(counterSnapshot(5))), WHOLE).lazy);
      expect(units.map(({ points }) => points)).toEqual([71]);
      const ids = units.flatMap(pointsIn).map((point) => Number(/"intValue":"(\d+)"/.exec(point)?.[1]));
      expect(ids).toEqual([...Array(66).keys(), ...Array(5).keys()]);
      expect(reports).toEqual([expect.stringContaining('OSTINATO_COLLECT_FAILED')]);
    } finally {
      setReporter(previous);
    }
  });
});

it('attributes of SDK objects are never remembered: callers change them', () => {
  const attributes: Record<string, string> = { a: 'before' };
  const given = counter({ attributes });
  const before = encodeBatch(given, WHOLE).units[0];
  attributes.a = 'after';
  expect(JSON.stringify(decoded(before.bytes))).toContain('before');
  expect(JSON.stringify(decoded(encodeBatch(given, WHOLE).units[0].bytes))).toContain('after');
});

describe('what we tell of ourselves', () => {
  const named = (name: string, temporality: 'delta' | 'cumulative', count = 2) =>
    Object.assign(counterSnapshot(count), { scope: { name }, temporality });
  const read = (sdk: readonly ScopeBatch[], ...snapshots: ReturnType<typeof named>[]) => {
    const millis: number[] = [];
    const { lazy } = encodeBatch(batchOf(...sdk, ...snapshots.map(branded)), {
      ...WHOLE,
      onRead: (took) => millis.push(took),
    });
    walk(lazy);
    return { read: snapshots.map((one) => one.read), told: millis.length };
  };
  const own = ['@ostinato/otlp', '@ostinato/recorder'];

  it.each(own)('is no reason to export: alone, the deltas of %s stay unread', (name) => {
    expect(read([], named(name, 'delta'))).toEqual({ read: [0], told: 0 });
    expect(read([], named(name, 'delta'), named('shop', 'delta', 0))).toEqual({ read: [0, 0], told: 0 });
  });

  it.each(own)('goes along with others: %s, wherever it stands', (name) => {
    expect(read([], named(name, 'delta'), named('shop', 'delta'))).toEqual({ read: [2, 2], told: 1 });
    expect(read([], named('shop', 'delta'), named(name, 'delta'))).toEqual({ read: [2, 2], told: 1 });
    const [sdk] = counter({}).scopeMetrics;
    expect(read([sdk], named(name, 'delta'))).toEqual({ read: [2], told: 1 });
  });

  it.each(own)('is always there in cumulative temporality: %s', (name) => {
    expect(read([], named(name, 'cumulative')).read).toEqual([2]);
  });
});

describe('exemplars of a snapshot', () => {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const exemplars = [
    {
      value: 0.43,
      time: 1_795_400_051_000_000_001n,
      ...span,
      filteredLabels: [['user', 'ada'] as const, ['vip', true] as const],
    },
    { value: 2, time: 1n, traceId: undefined, spanId: undefined, filteredLabels: [] },
  ];
  const expected = [
    {
      timeUnixNano: '1795400051000000001',
      asDouble: 0.43,
      filteredAttributes: [
        { key: 'user', value: { stringValue: 'ada' } },
        { key: 'vip', value: { boolValue: true } },
      ],
      traceId: Buffer.from(span.traceId, 'hex').toString('base64'),
      spanId: Buffer.from(span.spanId, 'hex').toString('base64'),
    },
    { timeUnixNano: '1', asDouble: 2 },
  ];

  it.each(['counter', 'histogram', 'exponentialHistogram'] as const)('stand on the point of a %s', (type) => {
    const given = withExemplars(type, exemplars);
    const [unit] = walk(encodeBatch(batchOf(branded(given)), WHOLE).lazy);
    const { sum, histogram, exponentialHistogram } =
      decoded((unit as Unit).bytes).resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0] ?? {};
    const [point] = (sum ?? histogram ?? exponentialHistogram)?.dataPoints ?? [];
    expect(point?.exemplars).toEqual(expected);
  });
});
