import { Ledger, type Point } from '@ostinato/testing';
import { add, settle } from '../src/demo/account.ts';
import type { Scene } from '../src/demo/scene.ts';
import { clip, painter, sparkline } from '../src/demo/text.ts';
import { type Correlation, correlate, Traces } from '../src/demo/traces.ts';
import { accountLines, picture, plainLine } from '../src/demo/view.ts';

const NO_TRACES: Correlation = { exemplars: 0, whileAway: 0, strange: 0, slowest: undefined };
const NONE = { offset: 0, counts: [] };

function delivered(metric: string, value: number, attributes: Record<string, string> = {}, time = 1n): Point {
  return {
    series: `${metric} ${JSON.stringify(attributes)}`,
    resource: {},
    scope: { name: 'ostinato', version: '' },
    metric,
    unit: '{error}',
    description: '',
    type: 'sum',
    temporality: 'delta',
    monotonic: true,
    attributes,
    start: 0n,
    time,
    flags: 0,
    value,
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
  };
}

function ledgerOf(...points: Point[]): Ledger {
  const ledger = new Ledger();
  ledger.add(points);
  return ledger;
}

const tally = { 'errors{type=a}': 5, 'errors{type=b}': 3 };
const exact = [
  delivered('errors', 2, { type: 'a' }),
  delivered('errors', 3, { type: 'a' }, 2n),
  delivered('errors', 3, { type: 'b' }),
];

describe('the account', () => {
  test('balances when everything arrived, duplicates aside', () => {
    expect(settle(tally, ledgerOf(...exact, exact[0]!))).toEqual({
      rows: [{ metric: 'errors', unit: 'error', recorded: 8, delivered: 8, lost: 0, surplus: 0 }],
      duplicated: 1,
      lost: 0,
      surplus: 0,
    });
  });

  test('shows what is missing', () => {
    expect(settle(tally, ledgerOf(...exact.slice(1)))).toMatchObject({ lost: 2, surplus: 0 });
    expect(settle(tally, ledgerOf())).toMatchObject({ lost: 8, surplus: 0 });
  });

  test('a loss in one series does not hide behind a surplus in another', () => {
    const ledger = ledgerOf(delivered('errors', 4, { type: 'a' }), delivered('errors', 4, { type: 'b' }));
    expect(settle(tally, ledger)).toMatchObject({ lost: 1, surplus: 1 });
  });

  test('a series that nobody recorded is a surplus', () => {
    expect(settle(tally, ledgerOf(...exact, delivered('errors', 1, { type: 'c' })))).toMatchObject({
      lost: 0,
      surplus: 1,
    });
  });

  test('adds up the tallies of several services', () => {
    expect(add({ a: 1, b: 2 }, {}, { b: 3 })).toEqual({ a: 1, b: 5 });
  });

  test('says in words whether something was lost', () => {
    const text = (...points: Point[]) =>
      accountLines(settle(tally, ledgerOf(...points)), NO_TRACES, painter(false)).join('\n');
    expect(text(...exact)).toContain('Nothing was lost.');
    expect(text(exact[0]!)).toContain('Lost: 6 errors of errors.');
    expect(text(exact[0]!)).not.toContain('Nothing was lost.');
  });
});

describe('the traces', () => {
  const traces = new Traces();
  const begin = () => traces.begin().traceparent.slice(3, 35);
  const [quick, slow, unpaid] = [begin(), begin(), begin()];
  const away = { from: 100, to: 200 };
  const sampled = (
    metric: string,
    ...samples: [traceId: string, spanId: string, value: number, at: number][]
  ) => ({
    ...delivered(metric, 0),
    exemplars: samples.map(([traceId, spanId, value, at]) => {
      return { traceId, spanId, value, time: BigInt(at) * 1_000_000n, attributes: {} };
    }),
  });
  const orders = sampled(
    'order.process_time',
    [quick, 'a', 5, 50],
    [slow, 'b', 80, 150],
    [unpaid, 'c', 99, 200],
  );
  const payments = sampled('payment.process_time', [slow, 'd', 70, 149], [quick, 'e', 4, 50]);
  const text = (...points: Point[]) =>
    accountLines(settle(tally, ledgerOf(...exact)), correlate(points, traces, away), painter(false)).join(
      '\n',
    );

  test('each order has one of its own, as W3C trace context has it', () => {
    expect(traces.begin().traceparent).toMatch(/^00-[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
    expect(new Set([quick, slow, unpaid]).size).toBe(3);
  });

  test('are those of the exemplars; what came twice counts once, and both services know the slowest', () => {
    const points = [orders, payments, orders];
    expect(correlate(points, traces, away)).toEqual({
      exemplars: 5,
      whileAway: 3,
      strange: 0,
      slowest: { traceId: slow, order: 80, payment: 70 },
    });
    expect(text(...points)).toContain('5 exemplars, 3 of them recorded during the outage');
    expect(text(...points)).toContain(`80 ms, its payment 70 ms, trace ${slow}.`);
  });

  test('a trace that no order had shows, and so do no exemplars at all', () => {
    const next = `${quick.slice(0, 16)}${'5'.padStart(16, '0')}`;
    const other = sampled('order.errors', [next, 'f', 1, 1], ['0af7651916cd43dd8448eb211c80319c', 'g', 1, 1]);
    expect(correlate([orders, other], traces, away)).toMatchObject({
      exemplars: 5,
      strange: 2,
      slowest: undefined,
    });
    expect(text(orders, other)).toContain('2 exemplars have a trace that no order had.');
    expect(text(delivered('order.errors', 1))).toContain('No exemplar arrived.');
  });
});

describe('the picture', () => {
  const scene: Scene = {
    elapsed: 12.34,
    note: 'the collector is away',
    ordersPerSecond: 1234,
    orders: [0, 600, 1234],
    arrivals: [10, 20, 0],
    logSizes: [0, 0, 5000],
    quantiles: [{ title: 'an order', p50: 4.2, p90: 40, p99: Number.NaN }],
    away: 3.21,
    delivery: 'writing to the log',
    logBytes: 5000,
    recorded: 4321,
    delivered: 4000,
    said: new Map([['order-service', 'not delivering']]),
  };

  test('has the rate, the latencies, the state and the log', () => {
    const text = picture(scene, painter(false)).join('\n');
    for (const part of [
      '12.3 s  the collector is away',
      '1,234/s',
      'p50 4.2 ms',
      'p90 40 ms',
      'p99 –',
      'away for 3.2 s',
      'writing to the log',
      '4.9 KiB',
      '321 on their way',
      'order-service: not delivering',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('\u001b');
  });

  test('one plain line has them too', () => {
    expect(plainLine(scene)).toBe(
      '[ 12.3 s] 1,234 orders/s · p50 4.2 ms, p99 – · collector away · writing to the log · log 4.9 KiB · 4,321 orders recorded, 4,000 delivered',
    );
  });

  test('lines are cut to the width of the terminal, colours apart', () => {
    const red = painter(true)('red', 'abcdef');
    expect(clip(red, 6)).toBe(red);
    expect(clip(red, 4)).toBe('\u001b[31mabc…\u001b[0m');
    expect(clip(`${red}gh`, 7)).toBe(`${red}…\u001b[0m`);
    expect(clip('abc', 3)).toBe('abc');
  });

  test('the highest bar is full, a small one still shows, and nothing is nothing', () => {
    expect(sparkline([0, 1, 50, 100], 6)).toBe(' ▁▄█  ');
    expect(sparkline([1, 2, 3], 2)).toBe('▅█');
    expect(sparkline([], 2)).toBe('  ');
  });
});
