import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  counter,
  defineCounter,
  defineHistogram,
  gauge,
  type Installation,
  scope,
  setGlobalRecorder,
} from '@ostinato/core';
import { type AtomicRecorder, createRecorder } from '@ostinato/recorder';
import { decodePoints, startCollector } from '@ostinato/testing';
import { metricProducer } from '../src/producer.ts';

let recorder: AtomicRecorder;
let installation: Installation;
let provider: MeterProvider | undefined;
beforeEach(() => {
  recorder = createRecorder();
  installation = setGlobalRecorder(recorder);
});
afterEach(async () => {
  installation.uninstall();
  await provider?.shutdown();
});

function exportTo(temporality: 'cumulative' | 'delta') {
  const exporter = new InMemoryMetricExporter(
    temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
  );
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 1e9,
    metricProducers: [metricProducer(recorder, { temporality })],
  });
  provider = new MeterProvider({ readers: [reader] });
  const collect = async () => {
    await provider?.forceFlush();
    const metrics =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return (name: string) => metrics.find(({ descriptor }) => descriptor.name === name);
  };
  return { exporter, collect, stock: provider.getMeter('stock') };
}

/** All that does not depend on when and in which scope it was recorded. */
const comparable = (data: MetricData | undefined) =>
  data && {
    unit: data.descriptor.unit,
    description: data.descriptor.description,
    dataPointType: data.dataPointType,
    aggregationTemporality: data.aggregationTemporality,
    points: data.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
  };

test.each(['cumulative', 'delta'] as const)(
  'what is recorded through the facade equals what stock instruments make of it, %s',
  async (temporality) => {
    const { collect, stock } = exportTo(temporality);
    const boundaries = [0, 10, 50, 100, 500];
    const errors = defineCounter('errors', { unit: '{error}', description: 'Failures', labels: ['type'] });
    const time = defineHistogram('time', { unit: 'ms', buckets: boundaries });
    const stockErrors = stock.createCounter('stock.errors', { unit: '{error}', description: 'Failures' });
    const stockDepth = stock.createGauge('stock.depth');
    const stockTime = stock.createHistogram('stock.time', {
      unit: 'ms',
      advice: { explicitBucketBoundaries: boundaries },
    });
    for (let round = 1; round <= 3; round++) {
      errors.with({ type: 'declined' }).increment(round);
      stockErrors.add(round, { type: 'declined' });
      gauge('depth').set(-round);
      stockDepth.record(-round);
      for (const value of [0, 10, 10.5, 499 * round]) {
        time.record(value);
        stockTime.record(value);
      }
      const find = await collect();
      expect(comparable(find('errors'))).toEqual(comparable(find('stock.errors')));
      expect(comparable(find('depth'))).toEqual(comparable(find('stock.depth')));
      const [ours, theirs] = [comparable(find('time')), comparable(find('stock.time'))];
      if (temporality === 'delta') {
        // The least and greatest of one interval are not known to the recorder: its points leave them out.
        const value = theirs?.points[0]?.value as { min?: number; max?: number };
        delete value.min;
        delete value.max;
      }
      expect(ours).toEqual(theirs);
    }
  },
);

test('deltas are of their interval, and their intervals meet', async () => {
  const { collect } = exportTo('delta');
  counter('orders').increment(5);
  const first = (await collect())('orders')?.dataPoints[0];
  counter('orders').increment(2);
  const second = (await collect())('orders')?.dataPoints[0];
  expect([first?.value, second?.value]).toEqual([5, 2]);
  expect(second?.startTime).toEqual(first?.endTime);
});

test('a histogram without buckets is exponential, with every sample in a bucket around it', async () => {
  const { collect } = exportTo('cumulative');
  const samples = [0, 1e-6, 1, 1.5, 2, 1e9];
  const size = defineHistogram('size', { unit: 'By' });
  for (const sample of samples) {
    size.record(sample);
  }
  const data = (await collect())('size');
  if (data?.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) {
    throw new Error('not exponential');
  }
  const value = data.dataPoints[0]?.value;
  expect(value).toMatchObject({ count: 6, zeroCount: 1, min: 0, max: 1e9 });
  const { scale = 0, positive: { offset, bucketCounts } = { offset: 0, bucketCounts: [] } } = value ?? {};
  const bound = (index: number) => 2 ** (index * 2 ** -scale);
  const filled = bucketCounts.flatMap((count, i) => Array<number>(count).fill(offset + i));
  expect(filled).toHaveLength(5);
  for (const [i, sample] of samples.slice(1).entries()) {
    const index = filled[i] ?? Number.NaN;
    expect(sample).toBeGreaterThan(bound(index) * (1 - 1e-9));
    expect(sample).toBeLessThanOrEqual(bound(index + 1) * (1 + 1e-9));
  }
});

test('a scope keeps its name and version', async () => {
  const { collect, exporter } = exportTo('cumulative');
  scope({ name: 'orders/db', version: '2.0.0' }).counter('queries').increment();
  await collect();
  expect(exporter.getMetrics()[0]?.scopeMetrics.map((metrics) => metrics.scope)).toEqual([
    { name: 'orders/db', version: '2.0.0' },
  ]);
});

test('two producers of one recorder are independent', async () => {
  counter('orders').increment(5);
  const producers = [
    metricProducer(recorder, { temporality: 'delta' }),
    metricProducer(recorder, { temporality: 0 }),
  ];
  for (const producer of producers) {
    const { resourceMetrics } = await producer.collect();
    expect(resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value).toBe(5);
  }
});

test('the stock OTLP exporter delivers it, next to stock instruments', async () => {
  const collector = await startCollector();
  const exporter = new OTLPMetricExporter({ url: collector.endpoint });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 1e9,
    metricProducers: [metricProducer(recorder)],
  });
  provider = new MeterProvider({ readers: [reader] });
  provider.getMeter('stock').createCounter('stock.orders').add(2);
  counter('orders', { type: 'retail', code: 200, paid: true }).increment(3);
  gauge('depth').set(-1.5);
  defineHistogram('wait', { buckets: [10, 100] }).record(50);
  defineHistogram('size').record(2);
  await provider.forceFlush();
  const points = collector.accepted.flatMap(({ bytes }) => decodePoints(bytes));
  await provider.shutdown();
  provider = undefined;
  await collector.stop();
  expect(Object.fromEntries(points.map((point) => [point.metric, point]))).toMatchObject({
    'stock.orders': { value: 2 },
    orders: { type: 'sum', value: 3, attributes: { type: 'retail', code: 200, paid: true } },
    depth: { type: 'gauge', value: -1.5 },
    wait: {
      type: 'histogram',
      count: 1,
      sum: 50,
      min: 50,
      max: 50,
      bounds: [10, 100],
      bucketCounts: [0, 1, 0],
    },
    size: { type: 'exponentialHistogram', count: 1, sum: 2, zeroCount: 0 },
  });
});
