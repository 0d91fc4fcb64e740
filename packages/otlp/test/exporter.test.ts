import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { type Collector, startCollector } from '@ostinato/testing';
import type { OtlpMetricExporterOptions } from '../src/config.ts';
import { OtlpMetricExporter } from '../src/exporter.ts';
import { sumOf } from './support/received.ts';

describe('OtlpMetricExporter under the stock reader', () => {
  let collector: Collector;
  let directory: string;
  let provider: MeterProvider;
  let exporter: OtlpMetricExporter;

  const start = (options: OtlpMetricExporterOptions = {}) => {
    exporter = new OtlpMetricExporter(
      { endpoint: collector.endpoint, temporalityPreference: 'delta', ...options },
      { env: {} },
    );
    const stock: PushMetricExporter = exporter;
    provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': 'test' }),
      readers: [new PeriodicExportingMetricReader({ exporter: stock, exportIntervalMillis: 3_600_000 })],
    });
    return provider.getMeter('test').createCounter('orders');
  };

  beforeEach(async () => {
    collector = await startCollector();
    directory = mkdtempSync(join(tmpdir(), 'ostinato-exporter-'));
  });
  afterEach(async () => {
    await provider.shutdown().catch(() => {});
    await collector.stop();
    rmSync(directory, { recursive: true });
  });

  test('delivers', async () => {
    const orders = start();
    orders.add(3, { shop: 'a' });
    await provider.forceFlush();
    expect(sumOf(collector.accepted, 'orders')).toBe(3);
    expect(exporter.status()).toMatchObject({
      state: 'delivering',
      account: { accepted: 1, delivered: 1, queued: 0 },
    });
  });

  test('keeps everything of an outage in the log, and delivers it when the collector is back', async () => {
    const orders = start({ fallback: { directory } });
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
  });

  test('without a log it keeps an outage in memory', async () => {
    const orders = start();
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
    const orders = start({ fallback: { directory } });
    collector.vanish();
    orders.add(1);
    await provider.shutdown();
    expect(exporter.status().account).toMatchObject({ logged: 1, dropped: 0 });
    await collector.comeBack();
    start({ fallback: { directory } }).add(2);
    await provider.forceFlush();
    await collector.until(({ accepted }) => accepted.length === 2);
    expect(collector.accepted.map((request) => sumOf([request], 'orders'))).toEqual([1, 2]);
    expect(exporter.status().account).toMatchObject({ adopted: 1, accepted: 1, delivered: 2 });
  });

  test('selects temporality as the stock exporter does', () => {
    start();
    expect(exporter.selectAggregationTemporality(InstrumentType.COUNTER)).toBe(AggregationTemporality.DELTA);
    expect(exporter.selectAggregationTemporality(InstrumentType.UP_DOWN_COUNTER)).toBe(
      AggregationTemporality.CUMULATIVE,
    );
  });
});
