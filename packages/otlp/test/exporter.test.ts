import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  AggregationType,
  InstrumentType,
  type MeterProvider,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { type Collector, silence, startCollector, status, success } from '@ostinato/testing';
import type { OtlpMetricExporterOptions } from '../src/config/options.ts';
import { OtlpMetricExporter } from '../src/exporter.ts';
import { delivered, until } from './support/delivered.ts';
import { MAJORS } from './support/majors.ts';
import { sumOf } from './support/received.ts';
import { batchOf } from './support/rig.ts';
import { stockSdk } from './support/sdk.ts';

describe.each(MAJORS)('OtlpMetricExporter under the stock reader of %s', (_, major) => {
  let collector: Collector;
  let directory: string;
  let provider: MeterProvider;
  let exporter: OtlpMetricExporter;
  let orders: Counter;
  const said: string[] = [];

  const create = (options: OtlpMetricExporterOptions = {}) =>
    new OtlpMetricExporter(
      { endpoint: collector.endpoint, temporalityPreference: 'delta', ...options },
      { env: {}, logger: { info: (text) => said.push(text), warn: (text) => said.push(text) } },
    );
  const start = (options?: OtlpMetricExporterOptions, ...others: PushMetricExporter[]) => {
    exporter = create(options);
    ({ provider, orders } = stockSdk([exporter, ...others], major));
  };

  beforeEach(async () => {
    said.length = 0;
    collector = await startCollector();
    directory = mkdtempSync(join(tmpdir(), 'ostinato-exporter-'));
  });
  afterEach(async () => {
    await provider.shutdown().catch(() => {});
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  test('delivers, and a healthy life leaves no file and says nothing', async () => {
    start({ fallback: { directory } });
    orders.add(3, { shop: 'a' });
    await provider.forceFlush();
    expect(sumOf(collector.accepted, 'orders')).toBe(3);
    expect(exporter.status()).toMatchObject({
      state: 'delivering',
      endpoint: collector.endpoint,
      account: { accepted: 1, delivered: 1, queued: 0, logged: 0 },
      log: { directory, units: 0, points: 0, bytes: 0 },
    });
    expect(readdirSync(directory)).toEqual([]);
    expect(said).toEqual([]);
  });

  test('keeps everything of an outage in the log, and delivers it when the collector is back', async () => {
    start({ fallback: { directory } });
    collector.vanish();
    for (let i = 0; i < 5; i++) {
      orders.add(1);
      await provider.forceFlush();
    }
    expect(exporter.status()).toMatchObject({
      state: 'backing off',
      account: { accepted: 5, logged: 5, queued: 0 },
    });
    await collector.comeBack();
    await collector.until(({ accepted }) => accepted.length === 5);
    orders.add(1);
    await provider.forceFlush();
    expect(sumOf(collector.accepted, 'orders')).toBe(6);
    expect(exporter.status()).toMatchObject({
      state: 'delivering',
      account: { accepted: 6, delivered: 6, logged: 0, dropped: 0, rejected: 0 },
    });
    expect(said).toEqual([
      expect.stringMatching(/^not delivering to .*refused/),
      expect.stringMatching(/^delivering to .* again after .* s; replaying 4 requests \(4 points\)$/),
      expect.stringMatching(/^replay finished/),
    ]);
  });

  test('without a log it keeps an outage in memory', async () => {
    start();
    collector.vanish();
    for (let i = 0; i < 5; i++) {
      orders.add(1);
      await provider.forceFlush();
    }
    expect(exporter.status().account).toMatchObject({ queued: 5 });
    await collector.comeBack();
    await collector.until(({ accepted }) => accepted.length === 5);
    expect(sumOf(collector.accepted, 'orders')).toBe(5);
  });

  test('what a process leaves in the log, the next one delivers first', async () => {
    start({ fallback: { directory } });
    collector.vanish();
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status().account).toMatchObject({ logged: 1, dropped: 0 });
    await collector.comeBack();
    start({ fallback: { directory } });
    orders.add(2);
    await provider.forceFlush();
    await collector.until(({ accepted }) => accepted.length === 2);
    expect(collector.accepted.map((request) => sumOf([request], 'orders'))).toEqual([1, 2]);
    expect(exporter.status().account).toMatchObject({ adopted: 1, accepted: 1, delivered: 2 });
  });

  test('a slow collector: kept in the log after acceptMillis, and not sent again when it takes it after all', async () => {
    start({
      fallback: { directory },
      acceptMillis: 20,
      defaultHistogramAggregation: 'base2_exponential_bucket_histogram',
    });
    let answer = () => {};
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    collector.respondWith(async () => {
      await slow;
      return success();
    });
    const meter = provider.getMeter('all kinds', '1.2.3');
    orders.add(1, { shop: 'a', open: true, floors: [1, 2], share: 0.5 });
    meter.createHistogram('exponential').record(0.1);
    meter.createHistogram('explicit', { advice: { explicitBucketBoundaries: [1, 2] } }).record(1.5);
    meter.createGauge('gauge', { unit: 'ms' }).record(Number.MAX_SAFE_INTEGER);
    meter.createUpDownCounter('down', { valueType: 0 }).add(-3);
    const flushed = provider.forceFlush();
    await collector.received(1);
    await until(() => exporter.status().account.logged === 5);
    answer();
    await flushed;
    await delivered(exporter, 5);
    expect(collector.requests).toHaveLength(1);
    expect(exporter.status().account).toMatchObject({ accepted: 5, delivered: 5 });
  });

  test('a collector that asks to wait is not asked again before', async () => {
    start({ fallback: { directory } });
    collector.respondOnce(status('UNAVAILABLE', { retryDelayMillis: 300 }));
    orders.add(1);
    await provider.forceFlush();
    const [first, second] = await collector.received(2);
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(299);
  });

  test('provider.shutdown() in an outage resolves, reaches shutdown, and leaves the data in the log', async () => {
    start({ fallback: { directory } });
    collector.vanish();
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status()).toMatchObject({ state: 'closed', account: { logged: 1 } });
  });

  test('provider.shutdown() while the collector is silent resolves after flushMillis', async () => {
    start({ fallback: { directory }, flushMillis: 100, acceptMillis: 100 });
    collector.respond(silence());
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status()).toMatchObject({ state: 'closed', account: { logged: 1, queued: 0 } });
  });

  test('a second reader beside does not suffer from an outage of the first', async () => {
    const other = await startCollector();
    const beside = new OtlpMetricExporter(
      { endpoint: other.endpoint, temporalityPreference: 'delta' },
      { env: {} },
    );
    start({ flushMillis: 100 }, beside);
    collector.vanish();
    orders.add(1);
    await provider.forceFlush();
    orders.add(1);
    // Without a log the points of the dead collector are lost, and shutdown says so; the other has everything.
    await expect(provider.shutdown()).rejects.toMatchObject({ code: 'OSTINATO_POINTS_LOST' });
    expect(sumOf(other.accepted, 'orders')).toBe(2);
    expect(beside.status().state).toBe('closed');
    await other.stop();
  });

  test('attributes that the caller changes afterwards do not change what is queued', async () => {
    start({ fallback: { directory } });
    collector.vanish();
    const attributes = { shop: 'before' };
    orders.add(1, attributes);
    await provider.forceFlush();
    attributes.shop = 'after';
    await collector.comeBack();
    const [request] = await collector.received(1);
    expect(Buffer.from(request?.bytes ?? []).includes('before')).toBe(true);
  });

  test('overlapping exports are each called back once', async () => {
    start();
    const results: number[] = [];
    const metrics = { resource: { attributes: {} }, scopeMetrics: [] };
    for (let i = 0; i < 3; i++) exporter.export(metrics, ({ code }) => results.push(code));
    await exporter.forceFlush();
    expect(results).toEqual([0, 0, 0]);
  });

  test('what cannot be encoded is FAILED, not thrown', () => {
    start();
    const results: unknown[] = [];
    const nonsense = { resource: undefined, scopeMetrics: 1 } as never;
    expect(() => exporter.export(nonsense, (result) => results.push(result))).not.toThrow();
    expect(results).toEqual([{ code: 1, error: expect.objectContaining({ code: 'OSTINATO_EXPORT' }) }]);
  });
});

describe('what a reader asks of the exporter', () => {
  const {
    COUNTER,
    GAUGE,
    HISTOGRAM,
    UP_DOWN_COUNTER,
    OBSERVABLE_COUNTER,
    OBSERVABLE_GAUGE,
    OBSERVABLE_UP_DOWN_COUNTER,
  } = InstrumentType;

  const ask = async (options: OtlpMetricExporterOptions) => {
    const exporter = new OtlpMetricExporter(options, { env: {} });
    await exporter.shutdown();
    return exporter;
  };

  test.each([
    ['cumulative', []],
    ['delta', [COUNTER, GAUGE, HISTOGRAM, OBSERVABLE_COUNTER, OBSERVABLE_GAUGE]],
    ['lowmemory', [COUNTER, HISTOGRAM]],
  ] as const)('temporality %s is delta for %j', async (temporalityPreference, expected) => {
    const exporter = await ask({ temporalityPreference });
    const all = [
      COUNTER,
      GAUGE,
      HISTOGRAM,
      UP_DOWN_COUNTER,
      OBSERVABLE_COUNTER,
      OBSERVABLE_GAUGE,
      OBSERVABLE_UP_DOWN_COUNTER,
    ];
    const deltas = all.filter(
      (type) => exporter.selectAggregationTemporality(type) === AggregationTemporality.DELTA,
    );
    expect(deltas.toSorted()).toEqual([...expected].toSorted());
  });

  test('aggregation is the default one, or exponential for histograms where it is preferred', async () => {
    const exponential = await ask({ defaultHistogramAggregation: 'base2_exponential_bucket_histogram' });
    const byDefault = await ask({});
    expect(exponential.selectAggregation(HISTOGRAM).type).toBe(AggregationType.EXPONENTIAL_HISTOGRAM);
    expect(exponential.selectAggregation(COUNTER).type).toBe(AggregationType.DEFAULT);
    expect(byDefault.selectAggregation(HISTOGRAM).type).toBe(AggregationType.DEFAULT);
  });
});

describe('a logger of the application', () => {
  test('hears changes of state and warnings', async () => {
    const said: string[] = [];
    const logger = {
      info: (text: string) => void said.push(`info ${text}`),
      warn: (text: string) => void said.push(`warn ${text}`),
    };
    const collector = await startCollector();
    const exporter = new OtlpMetricExporter(
      { endpoint: collector.endpoint, concurrencyLimit: 5, logger },
      { env: {} },
    );
    collector.vanish();
    exporter.export(batchOf(['a']), () => {});
    await until(() => exporter.status().state === 'backing off');
    await collector.comeBack();
    await delivered(exporter, 1);
    await exporter.shutdown();
    await collector.stop();
    expect(said).toEqual([
      expect.stringMatching(/^warn concurrencyLimit/),
      expect.stringMatching(/^warn not delivering/),
      expect.stringMatching(/^info delivering/),
    ]);
  });

  test.each([[console.log], [{ info: () => {} }], [null], ['stderr']])(
    '%# that is none is refused',
    (logger) => {
      expect(() => new OtlpMetricExporter({ logger: logger as never }, { env: {} })).toThrow(
        /OtlpMetricExporter: logger must be an object with the methods info\(text\) and warn\(text\)/,
      );
    },
  );
});
