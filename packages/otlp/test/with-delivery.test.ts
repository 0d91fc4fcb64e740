import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counter } from '@opentelemetry/api';
import {
  AggregationType,
  InMemoryMetricExporter,
  type MeterProvider,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import {
  type Collector,
  ManualClock,
  partialSuccess,
  silence,
  startCollector,
  status,
} from '@ostinato/testing';
import type { WithDeliveryOptions } from '../src/config/options.ts';
import type { ExportResult } from '../src/deliver/accept.ts';
import type { MetricsBatch } from '../src/encode/sdk-types.ts';
import { type PushExporter, type WithDelivery, withDelivery } from '../src/with-delivery.ts';
import { branded, counterSnapshot, FakeSnapshot } from './encode/snapshots.ts';
import { until } from './support/delivered.ts';
import { MAJORS } from './support/majors.ts';
import { sumOf } from './support/received.ts';
import { batchOf, manualRuntime } from './support/rig.ts';
import { stockSdk } from './support/sdk.ts';

describe.each(MAJORS)('the stock exporter of %s, wrapped', (_, major) => {
  const { exporter: stock } = major;
  let collector: Collector;
  let directory: string;
  let provider: MeterProvider;
  let exporter: WithDelivery<PushMetricExporter & PushExporter>;
  let orders: Counter;
  const said: string[] = [];

  const start = (options?: WithDeliveryOptions, ...others: PushMetricExporter[]) => {
    const logger = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
    exporter = withDelivery(
      new stock.OTLPMetricExporter({
        url: collector.endpoint,
        temporalityPreference: 0,
      }) as PushMetricExporter & PushExporter,
      { fallback: { directory }, ...options },
      { logger },
    );
    ({ provider, orders } = stockSdk([exporter, ...others], major));
  };
  const exportOne = async () => {
    orders.add(1);
    await provider.forceFlush();
  };

  beforeEach(async () => {
    said.length = 0;
    collector = await startCollector();
    directory = mkdtempSync(join(tmpdir(), 'ostinato-wrapped-'));
  });
  afterEach(async () => {
    await provider.shutdown().catch(() => {});
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  test('delivers, with the temporality that it asks for; a healthy life leaves no file and says nothing', async () => {
    start();
    await exportOne();
    await exportOne();
    expect(sumOf(collector.accepted, 'orders')).toBe(2);
    expect(collector.points().map(({ temporality }) => temporality)).toEqual(['delta', 'delta']);
    expect(exporter.status()).toMatchObject({
      state: 'delivering',
      endpoint: 'OTLPMetricExporter',
      account: { accepted: 2, delivered: 2, queued: 0, logged: 0 },
    });
    expect(readdirSync(directory)).toEqual([]);
    expect(said).toEqual([]);
  });

  test('an outage goes to the log, and is delivered in order when the collector is back', async () => {
    start();
    collector.vanish();
    for (let i = 0; i < 5; i++) await exportOne();
    expect(exporter.status()).toMatchObject({ state: 'backing off', account: { accepted: 5, logged: 5 } });
    await collector.comeBack();
    await collector.until(({ ledger }) => ledger.points === 5);
    await exportOne();
    expect(collector.ledger.total('orders')).toBe(6);
    expect(collector.ledger.outOfOrder).toBe(0);
    await until(() => exporter.status().account.delivered === 6);
    expect(exporter.status().account).toMatchObject({ accepted: 6, delivered: 6, logged: 0, dropped: 0 });
    expect(said[0]).toMatch(
      /^not delivering to OTLPMetricExporter: connection refused.*metrics go to the log/,
    );
    expect(said[1]).toMatch(/^delivering to OTLPMetricExporter again/);
  });

  test('what a process leaves in the log, the next one delivers first', async () => {
    start();
    collector.vanish();
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status().account).toMatchObject({ logged: 1, dropped: 0 });
    await collector.comeBack();
    start();
    orders.add(2);
    await provider.forceFlush();
    await collector.until(({ accepted }) => accepted.length === 2);
    expect(collector.accepted.map((request) => sumOf([request], 'orders'))).toEqual([1, 2]);
  });

  test.each([
    ['INVALID_ARGUMENT', { rejected: 1, delivered: 0 }, 1],
    ['UNAVAILABLE', { rejected: 0, delivered: 1 }, 2],
  ] as const)('%s is what it is for our own exporter', async (name, account, requests) => {
    start();
    collector.respondOnce(status(name, { details: 'because' }));
    await exportOne();
    await until(() => exporter.status().account.logged === 0);
    expect(exporter.status().account).toMatchObject(account);
    expect(collector.requests).toHaveLength(requests);
  });

  test('RetryInfo is the least wait', async () => {
    start();
    collector.respondOnce(status('RESOURCE_EXHAUSTED', { retryDelayMillis: 300 }));
    await exportOne();
    const [first, second] = await collector.received(2);
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(299);
  });

  test('an expired token empties nothing', async () => {
    start();
    collector.respond(status('UNAUTHENTICATED'));
    for (let i = 0; i < 3; i++) await exportOne();
    expect(exporter.status()).toMatchObject({ state: 'paused', account: { logged: 3, rejected: 0 } });
  });

  test('a size limit halves what is sent', async () => {
    await collector.stop();
    collector = await startCollector({ maxReceiveBytes: 2000 });
    start();
    for (let i = 0; i < 100; i++) orders.add(1, { shop: `shop ${i}` });
    await provider.forceFlush();
    await until(() => exporter.status().account.delivered === 100);
    expect(collector.ledger.total('orders')).toBe(100);
  });

  test('a partial success is a success: the stock exporter does not tell', async () => {
    start();
    collector.respond(partialSuccess(1, 'too old'));
    await exportOne();
    expect(exporter.status().account).toMatchObject({ delivered: 1, rejected: 0 });
  });

  test('shutdown while the collector is silent ends, leaves the rest to the log, and ends the exporter inside', async () => {
    start({ flushMillis: 100, acceptMillis: 100 });
    collector.respond(silence());
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status()).toMatchObject({ state: 'closed', account: { logged: 1, queued: 0 } });
    expect(said).toContainEqual(expect.stringMatching(/^OTLPMetricExporter did not shut down: no end after/));
  });

  test('a second reader beside does not suffer', async () => {
    const other = await startCollector();
    const beside = new stock.OTLPMetricExporter({ url: other.endpoint, temporalityPreference: 0 });
    start({ flushMillis: 100 }, beside as PushMetricExporter);
    collector.vanish();
    await exportOne();
    orders.add(1);
    await provider.shutdown();
    expect(sumOf(other.accepted, 'orders')).toBe(2);
    expect(exporter.status().account).toMatchObject({ accepted: 2, logged: 2 });
    await other.stop();
  });
});

describe('any exporter, wrapped', () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const parts = {
    runtime: manualRuntime(clock),
    logger: { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) },
  };
  beforeEach(() => {
    said.length = 0;
  });

  /** An exporter of which a test says how it exports. */
  const strange = (inner: Partial<PushExporter>): PushExporter => ({
    export: (_, callback) => callback({ code: 0 }),
    forceFlush: async () => {},
    shutdown: async () => {},
    ...inner,
  });
  const exportTo = (exporter: {
    export(batch: MetricsBatch, done: (result: ExportResult) => void): void;
  }) => {
    const results: ExportResult[] = [];
    exporter.export(batchOf(['a']), (result) => results.push(result));
    return results;
  };

  test.each<[string, PushExporter['export']]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken');
      },
    ],
    ['fails without an error', (_, callback) => callback({ code: 1 })],
    ['never calls back', () => {}],
  ])('one that %s is retried', async (_, broken) => {
    let calls = 0;
    const exporter = withDelivery(
      strange({
        export: (batch, callback) => (calls++ < 2 ? broken(batch, callback) : callback({ code: 0 })),
      }),
      { timeoutMillis: 5000 },
      parts,
    );
    const results = exportTo(exporter);
    await clock.advance(60_000);
    expect(results).toEqual([{ code: 0 }]);
    expect(exporter.status().account).toMatchObject({ delivered: 1, rejected: 0 });
    expect(calls).toBe(3);
    await exporter.shutdown();
  });

  test('an answer that comes too late, or twice, is not heard', async () => {
    const callbacks: ((result: ExportResult) => void)[] = [];
    const exporter = withDelivery(
      strange({ export: (_, callback) => void callbacks.push(callback) }),
      { timeoutMillis: 1000 },
      parts,
    );
    exportTo(exporter);
    while (callbacks.length < 2) await clock.advance(10);
    callbacks[0]?.({ code: 0 });
    await clock.advance(0);
    expect(exporter.status().account).toMatchObject({ delivered: 0, queued: 1 });
    callbacks.at(-1)?.({ code: 0 });
    callbacks.at(-1)?.({ code: 1 });
    await clock.advance(0);
    expect(exporter.status().account).toMatchObject({ delivered: 1, queued: 0 });
    await exporter.shutdown();
  });

  test('its own flush and shutdown come after ours, may fail, and may never end', async () => {
    const done: string[] = [];
    const exporter = withDelivery(
      strange({
        export: (_, callback) => {
          done.push('export');
          callback({ code: 0 });
        },
        forceFlush: async () => {
          done.push('flush');
          throw new Error('cannot flush');
        },
        shutdown: () => {
          done.push('shutdown');
          return new Promise(() => {});
        },
      }),
      { flushMillis: 1000 },
      parts,
    );
    exportTo(exporter);
    await exporter.forceFlush();
    const ended = exporter.shutdown();
    await clock.advance(1000);
    await ended;
    expect(done).toEqual(['export', 'flush', 'shutdown']);
    expect(said).toEqual([
      'Object did not flush: cannot flush',
      'Object did not shut down: no end after 1000 ms',
    ]);
    expect(clock.pending).toBe(0);
  });

  test('is given no points of zero: its serializer knows no point without a value', async () => {
    const inner = new InMemoryMetricExporter(1);
    const exporter = withDelivery(inner);
    const { time, metrics } = counterSnapshot(3);
    const born = metrics.map(({ metric, series }) => ({
      metric,
      series: series.map((one) => ({ ...one, born: true })),
    }));
    const ended = () => born.map(({ metric, series: [{ key, start }] }) => ({ metric, key, start }));
    const snapshot = Object.assign(new FakeSnapshot(time, born), { ended });
    const batch = { resource: { attributes: {} }, scopeMetrics: [branded(snapshot)] };
    await new Promise<void>((resolve) => exporter.export(batch as never, () => resolve()));
    const points = inner
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value));
    expect(points).toEqual([0, 1, 2]);
    await exporter.shutdown();
  });

  test('is asked for aggregation and temporality as if it were not wrapped, and only if it has an answer', async () => {
    const inner = new InMemoryMetricExporter(0);
    const aggregating = Object.assign(new InMemoryMetricExporter(1), {
      selectAggregation: () => ({ type: AggregationType.DROP }) as const,
    });
    const exporter: PushMetricExporter = withDelivery(inner, {}, parts);
    const other: PushMetricExporter = withDelivery(aggregating, {}, parts);
    expect(exporter.selectAggregationTemporality?.('COUNTER' as never)).toBe(0);
    expect(exporter.selectAggregation).toBeUndefined();
    expect(other.selectAggregation?.('COUNTER' as never)).toEqual({ type: AggregationType.DROP });
    await Promise.all([exporter.shutdown(), other.shutdown()]);
  });

  test.each([
    [undefined, {}, /withDelivery: the exporter must be a PushMetricExporter \(it has no export\(\)\)/],
    [{ export: () => {}, shutdown: () => {} }, {}, /it has no forceFlush\(\)/],
    [strange({}), { timeoutMilis: 5 }, /withDelivery: there is no option 'timeoutMilis'; did you mean/],
    [strange({}), { timeoutMillis: 0 }, /withDelivery: timeoutMillis must be a number from 1/],
    [strange({}), { fallback: {} }, /withDelivery: fallback.directory must be the path of a directory/],
    [strange({}), { retry: { maxMillis: 'soon' } }, /withDelivery: retry.maxMillis must be/],
  ])('%# what cannot be used is refused at once', (exporter, options, message) => {
    expect(() => withDelivery(exporter as PushExporter, options as WithDeliveryOptions)).toThrow(message);
  });
});
