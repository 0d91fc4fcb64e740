import { counter, defineHistogram, gauge, type Installation, setGlobalRecorder } from '@ostinato/core';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { type AtomicRecorder, createRecorder } from '@ostinato/recorder';
import { type Collector, startCollector } from '@ostinato/testing';
import { metricProducer } from '../src/producer.ts';
import { start } from '../src/start.ts';
import { temporalityOf } from '../src/temporality.ts';
import { lines } from './support/sdks.ts';

/** `AggregationTemporalityPreference` of the exporters' package; the other two are numbered as the SDK's own. */
const LOWMEMORY = 2;

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.stop());

const last = (metric: string) => collector.points().findLast((point) => point.metric === metric);

/* One build works with objects of either line: it imports no class or enum of the SDK but for its own start(). */
describe.each(lines)('with SDK $line', ({ sdk, exporterOtlpGrpc, resources }) => {
  const { CUMULATIVE, DELTA } = sdk.AggregationTemporality;

  describe('a stock reader', () => {
    let recorder: AtomicRecorder;
    let installation: Installation;
    beforeEach(() => {
      recorder = createRecorder();
      installation = setGlobalRecorder(recorder);
    });
    afterEach(() => installation.uninstall());

    test.each(['the stock exporter', 'OtlpMetricExporter'])('takes our producer to %s', async (which) => {
      const exporter =
        which === 'OtlpMetricExporter'
          ? new OtlpMetricExporter({ endpoint: collector.endpoint })
          : new exporterOtlpGrpc.OTLPMetricExporter({ url: collector.endpoint });
      const reader = new sdk.PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: 2 ** 31 - 1,
        metricProducers: [metricProducer(recorder)],
      });
      const resource = resources.resourceFromAttributes({ 'service.name': 'shop' });
      const provider = new sdk.MeterProvider({ resource, readers: [reader] });
      provider.getMeter('stock').createCounter('stock.orders').add(2, { paid: true });
      counter('orders', { type: 'retail', code: 200 }).increment(3);
      gauge('depth').set(-1.5);
      defineHistogram('wait', { unit: 'ms', buckets: [10, 100] }).record(50);
      defineHistogram('size').record(2);
      await provider.forceFlush();
      await provider.shutdown();
      expect(last('stock.orders')).toMatchObject({ value: 2, attributes: { paid: true } });
      expect(last('orders')).toMatchObject({ value: 3, attributes: { type: 'retail', code: 200 } });
      expect(last('orders')?.resource).toMatchObject({ 'service.name': 'shop' });
      expect(last('depth')).toMatchObject({ type: 'gauge', value: -1.5 });
      expect(last('wait')).toMatchObject({ type: 'histogram', sum: 50, bucketCounts: [0, 1, 0] });
      expect(last('size')).toMatchObject({ type: 'exponentialHistogram', count: 1, sum: 2 });
    });
  });

  test.each([
    [CUMULATIVE, 'cumulative', ['cumulative', 'cumulative']],
    [DELTA, 'delta', ['delta', 'delta']],
    [LOWMEMORY, 'lowmemory', ['delta', 'cumulative']],
  ] as const)('temporality preference %p of its enums is %s', async (preference, name, expected) => {
    const stock = new exporterOtlpGrpc.OTLPMetricExporter({ temporalityPreference: preference });
    const ours = new OtlpMetricExporter({
      endpoint: collector.endpoint,
      temporalityPreference: preference as 0 | 1 | 2,
    });
    expect([temporalityOf(stock), temporalityOf(ours)]).toEqual([name, name]);
    const { AggregationTemporality, InstrumentType } = sdk;
    for (const [i, type] of [InstrumentType.COUNTER, InstrumentType.OBSERVABLE_COUNTER].entries()) {
      const selected = ours.selectAggregationTemporality(type);
      expect(AggregationTemporality[selected].toLowerCase()).toBe(expected[i]);
      expect(stock.selectAggregationTemporality(type)).toBe(selected);
    }
    await Promise.all([stock.shutdown(), ours.shutdown()]);
  });

  test('start() takes its exporter and its resource', async () => {
    const running = start({
      exporter: new exporterOtlpGrpc.OTLPMetricExporter({ url: collector.endpoint }),
      resource: resources.resourceFromAttributes({ 'deployment.environment.name': 'test' }),
      signals: false,
    });
    counter('orders').increment(3);
    await running.forceFlush();
    await running.shutdown();
    expect(last('orders')).toMatchObject({ value: 3 });
    expect(last('orders')?.resource).toMatchObject({ 'deployment.environment.name': 'test' });
  });
});
