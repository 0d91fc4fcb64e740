import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import type { MetricsBatch } from '../../packages/otlp/src/encode/sdk-types.ts';
import { makeKey } from '../../packages/recorder/test/support/series.ts';
import { Otelcol } from './support/otelcol.ts';
import { figures, settled } from './support/pipeline.ts';
import { Prometheus } from './support/prometheus.ts';
import { until } from './support/until.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let directory: string;
let collector: Otelcol;
let prometheus: Prometheus;
const exporters: OtlpMetricExporter[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-prometheus-'));
  collector = await Otelcol.make(directory);
});
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.shutdown()));
  await collector.stop();
  await prometheus.stop();
  rmSync(directory, { recursive: true });
});

function exportTo(name: string, options: { readonly zeroPoint?: boolean } = {}): OtlpMetricExporter {
  const fallback = { directory: join(directory, name) };
  const exporter = new OtlpMetricExporter(
    { endpoint: collector.endpoint, fallback, flushMillis: 0, ...options },
    { env: {}, logger: { info: () => {}, warn: () => {} } },
  );
  exporters.push(exporter);
  return exporter;
}

/** The Collector sends on what it accepted, and nothing of it was refused. */
async function expectTaken(): Promise<void> {
  const output = collector.output;
  await collector.stop();
  expect(output + collector.output).not.toMatch(/Dropping data|Permanent error/);
}

describe('every interval of an outage of ten minutes is in Prometheus', () => {
  const SERIES = 10;
  const STEP = 5 * SECOND;
  const AWAY = 120;

  test.each([
    ['without an out-of-order window', ''],
    ['with one', 'storage: {tsdb: {out_of_order_time_window: 30m}}'],
  ])('%s', async (_, config) => {
    prometheus = await Prometheus.start(join(directory, 'prometheus'), config);
    await collector.start({ forwardTo: prometheus.otlp });
    const exporter = exportTo('log');
    const end = Date.now();
    const start = end - 15 * MINUTE;
    let steps = 0;
    const expected: [number, number][] = [];
    const step = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const time = start + steps++ * STEP;
        expected.push([time, steps]);
        await new Promise<void>((resolve) => exporter.export(countAt(start, time, steps), () => resolve()));
      }
    };
    await step(12);
    await settled(exporter, steps * SERIES);
    await collector.stop();
    await step(AWAY);
    expect(exporter.status().account.logged).toBeGreaterThan(0);
    await collector.start({ forwardTo: prometheus.otlp });
    await step(12);
    await settled(exporter, steps * SERIES);
    await expectTaken();
    const found = await prometheus.query('orders_total[20m]', end);
    expect(found.map(({ labels }) => labels.shop).sort()).toEqual(
      Array.from({ length: SERIES }, (_, shop) => `shop ${shop}`),
    );
    for (const { samples } of found) expect(samples).toEqual(expected);
    figures(`${found.length} series with all of ${expected.length} intervals, ${AWAY} of them of the outage`);
  });

  /** Cumulative counters of some shops. */
  function countAt(start: number, time: number, value: number): MetricsBatch {
    const hrTime = (millis: number) => [Math.floor(millis / 1000), (millis % 1000) * 1e6] as const;
    const dataPoints = Array.from({ length: SERIES }, (_, shop) => ({
      startTime: hrTime(start),
      endTime: hrTime(time),
      attributes: { shop: `shop ${shop}` },
      value,
    }));
    return {
      resource: { attributes: { 'service.name': 'orders' } },
      scopeMetrics: [
        {
          scope: { name: 'orders' },
          metrics: [
            {
              descriptor: { name: 'orders', description: '', unit: '', valueType: 1 },
              aggregationTemporality: 1,
              dataPointType: 3,
              isMonotonic: true,
              dataPoints,
            },
          ],
        },
      ],
    } as MetricsBatch;
  }
});

test('increase() sees what a series is born with and what it has when it is revived, and the end of one that expired', async () => {
  prometheus = await Prometheus.start(join(directory, 'prometheus'), '');
  await collector.start({ forwardTo: prometheus.otlp });
  const begin = Date.now() - 10 * MINUTE;
  let now = 0;
  const services = [
    ['with', true],
    ['without', false],
  ].map(([service, zeroPoint]) => {
    const recorder = createRecorder({
      idleTimeout: 100 * SECOND,
      buckets: { explicit: [1, 10] },
      clock: { now: () => now, epochNanos: () => BigInt(begin + now) * 1_000_000n },
    });
    const producer = metricProducer(recorder);
    const exporter = exportTo(`log-${service}`, { zeroPoint: zeroPoint as boolean });
    const collect = async () => {
      const { scopeMetrics } = (await producer.collect()).resourceMetrics;
      const resource = { attributes: { 'service.name': service } };
      await new Promise<void>((resolve) =>
        exporter.export({ resource, scopeMetrics } as unknown as MetricsBatch, () => resolve()),
      );
    };
    return { recorder, exporter, collect };
  });
  const count = (name: string, by: number) => {
    for (const { recorder } of services) recorder.counter(makeKey(name), {}).sink.increment(by);
  };
  const record = (name: string) => {
    for (const { recorder } of services) recorder.histogram(makeKey(name), {}).sink.record(3, 5);
  };
  const events: Readonly<Record<number, () => void>> = {
    7: () => count('revived', 50),
    22: () => count('revived', 50),
    67: () => {
      count('born', 5);
      record('exponential');
      record('explicit');
    },
    202: () => count('revived', 120),
    217: () => count('revived', 30),
  };
  for (let second = 1; second <= 270; second++) {
    now = second * SECOND;
    events[second]?.();
    if (second % 15 === 0) for (const { collect } of services) await collect();
  }
  await until(() => services.every(({ exporter }) => exporter.status().account.queued === 0));
  await expectTaken();

  const both = async (expression: string, second: number) => {
    const at = begin + second * SECOND;
    const values = [];
    for (const job of ['with', 'without']) {
      values.push(await prometheus.value(expression.replace('$', `job="${job}"`), at));
    }
    figures(`${expression} at ${second} s: with points of zero ${values[0]}, without ${values[1]}`);
    return values as [number, number | undefined];
  };
  const [born, bornWithout] = await both('increase(born_total{$}[2m])', 150);
  expect(born).toBeCloseTo(5, 0);
  expect(bornWithout ?? 0).toBe(0);
  const [revived, revivedWithout] = await both('increase(revived_total{$}[2m])', 255);
  // increase() extrapolates to the ends of its window.
  expect(revived).toBeGreaterThanOrEqual(149);
  expect(revived).toBeLessThan(180);
  expect(revivedWithout).toBeLessThan(100);
  const [native, nativeWithout] = await both('histogram_count(increase(exponential{$}[2m]))', 150);
  expect(native).toBeCloseTo(5, 0);
  expect(nativeWithout ?? 0).toBe(0);
  const [explicit, explicitWithout] = await both('increase(explicit_bucket{$,le="10"}[2m])', 150);
  expect(explicit).toBeCloseTo(5, 0);
  expect(explicitWithout ?? 0).toBe(0);
  for (const name of ['revived_total', 'born_total', 'exponential', 'explicit_count']) {
    const second = name === 'revived_total' ? 170 : 250;
    expect(await both(`count(${name}{$})`, second)).toEqual([undefined, 1]);
  }
});
