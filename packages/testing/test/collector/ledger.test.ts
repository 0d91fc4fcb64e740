import fc from 'fast-check';
import { Ledger, quantile } from '../../src/collector/ledger.ts';
import type { Point } from '../../src/collector/points.ts';

const NONE = { offset: 0, counts: [] };

function point(changes: Partial<Point> = {}): Point {
  const metric = changes.metric ?? 'orders';
  const attributes = changes.attributes ?? {};
  return {
    series: `${metric} ${JSON.stringify(attributes)}`,
    resource: {},
    scope: { name: 'ostinato', version: '' },
    metric,
    unit: '',
    description: '',
    type: 'sum',
    temporality: 'delta',
    monotonic: true,
    attributes,
    start: 0n,
    time: 1n,
    flags: 0,
    value: 1,
    count: 0,
    sum: 0,
    min: Number.NaN,
    max: Number.NaN,
    bounds: [],
    bucketCounts: [],
    scale: 0,
    zeroCount: 0,
    positive: NONE,
    negative: NONE,
    exemplars: [],
    ...changes,
  };
}

function ledgerOf(...points: Point[]): Ledger {
  const ledger = new Ledger();
  ledger.add(points);
  return ledger;
}

test('delta points add up, cumulative ones and gauges replace', () => {
  const ledger = ledgerOf(
    point({ time: 1n, value: 5 }),
    point({ start: 1n, time: 2n, value: 7 }),
    point({ metric: 'bytes', temporality: 'cumulative', time: 1n, value: 5 }),
    point({ metric: 'bytes', temporality: 'cumulative', time: 2n, value: 7 }),
    point({ metric: 'level', type: 'gauge', temporality: undefined, time: 1n, value: 5 }),
    point({ metric: 'level', type: 'gauge', temporality: undefined, time: 2n, value: 3 }),
  );
  expect([ledger.total('orders'), ledger.total('bytes'), ledger.total('level')]).toEqual([12, 7, 3]);
  expect(ledger.points).toBe(6);
});

test('a point that comes again exactly counts as a duplicate and nothing else', () => {
  const first = point({ time: 1n, value: 5 });
  const ledger = ledgerOf(first, point({ start: 1n, time: 2n, value: 7 }), first, { ...first });
  expect(ledger.total('orders')).toBe(12);
  expect([ledger.points, ledger.duplicates, ledger.outOfOrder]).toEqual([2, 2, 0]);
});

test('equal times with other values are no duplicate', () => {
  const ledger = ledgerOf(point({ value: 5 }), point({ value: 6 }));
  expect([ledger.total('orders'), ledger.duplicates]).toEqual([11, 0]);
});

test('an older point counts as out of order; a cumulative value stays at the newest', () => {
  const cumulative = { temporality: 'cumulative' } as const;
  const ledger = ledgerOf(
    point({ ...cumulative, time: 2n, value: 7 }),
    point({ ...cumulative, time: 1n, value: 5 }),
  );
  expect([ledger.total('orders'), ledger.outOfOrder]).toEqual([7, 1]);
});

test('series are found by metric and some of their attributes', () => {
  const ledger = ledgerOf(
    point({ attributes: { type: 'a', code: 1 }, value: 1 }),
    point({ attributes: { type: 'a', code: 2 }, value: 2 }),
    point({ attributes: { type: 'b', code: 1 }, value: 4 }),
  );
  expect(ledger.total('orders')).toBe(7);
  expect(ledger.total('orders', { type: 'a' })).toBe(3);
  expect(ledger.total('orders', { type: 'a', code: 2 })).toBe(2);
  expect(ledger.total('other')).toBe(0);
  expect(ledger.series()).toHaveLength(3);
});

test('a point without a value adds nothing', () => {
  expect(
    ledgerOf(point({ value: 2 }), point({ flags: 1, value: Number.NaN, time: 2n })).total('orders'),
  ).toBe(2);
});

describe('histograms', () => {
  const explicit = (bucketCounts: number[], time: bigint) =>
    point({
      type: 'histogram',
      value: Number.NaN,
      count: bucketCounts.reduce((a, b) => a + b, 0),
      sum: 10,
      bounds: [0, 10, 50],
      bucketCounts,
      time,
    });

  test('explicit buckets add up', () => {
    const [series] = ledgerOf(explicit([1, 2, 3, 4], 1n), explicit([0, 1, 0, 1], 2n)).series();
    expect(series).toMatchObject({ count: 12, sum: 20, bucketCounts: [1, 3, 3, 5] });
  });

  test('exponential buckets add up over different scales', () => {
    const exponential = (scale: number, offset: number, counts: number[], time: bigint) =>
      point({
        type: 'exponentialHistogram',
        value: Number.NaN,
        count: 6,
        zeroCount: 1,
        scale,
        positive: { offset, counts },
        time,
      });
    const [series] = ledgerOf(exponential(1, -3, [1, 2, 3], 1n), exponential(0, 2, [5], 2n)).series();
    // At scale 0, the buckets -3, -2, -1 of scale 1 fall into -2, -1, -1.
    expect(series).toMatchObject({
      scale: 0,
      zeroCount: 2,
      positive: { offset: -2, counts: [1, 5, 0, 0, 5] },
    });
  });

  test('quantiles of explicit buckets are interpolated', () => {
    const [series] = ledgerOf(explicit([0, 10, 10, 0], 1n)).series();
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => quantile(series!, q))).toEqual([0, 5, 10, 30, 50]);
    const [open] = ledgerOf(explicit([0, 0, 0, 4], 1n)).series();
    expect(quantile(open!, 0.5)).toBe(50);
    const [none] = ledgerOf(explicit([0, 0, 0, 0], 1n)).series();
    expect(quantile(none!, 0.5)).toBeNaN();
  });

  test('quantiles of exponential buckets lie within the bucket of that rank', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 0, max: 5 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (samples, scale, q) => {
          const indexOf = (sample: number) => Math.ceil(Math.log2(sample) * 2 ** scale - 1e-9) - 1;
          const offset = Math.min(...samples.map(indexOf));
          const counts: number[] = Array(Math.max(...samples.map(indexOf)) - offset + 1).fill(0);
          for (const sample of samples) counts[indexOf(sample) - offset]! += 1;
          const [series] = ledgerOf(
            point({
              type: 'exponentialHistogram',
              count: samples.length,
              scale,
              positive: { offset, counts },
            }),
          ).series();
          const exact = samples.sort((a, b) => a - b)[Math.ceil(q * samples.length) - 1]!;
          const width = 2 ** (2 ** -scale);
          expect(quantile(series!, q) / exact).toBeGreaterThan(1 / width / 1.0001);
          expect(quantile(series!, q) / exact).toBeLessThan(width * 1.0001);
        },
      ),
    );
  });
});
