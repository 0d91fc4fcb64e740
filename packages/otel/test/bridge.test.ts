import { type MeterProvider as ApiMeterProvider, metrics as api } from '@opentelemetry/api';
import type { MeterProvider, MetricData, ViewOptions } from '@opentelemetry/sdk-metrics';
import {
  counter,
  defineHistogram,
  gauge,
  histogram,
  scope,
  setGlobalRecorder,
  setReporter,
} from '@ostinato/core';
import { type AtomicRecorder, createRecorder } from '@ostinato/recorder';
import { type Bridge, bridgeInstruments } from '../src/bridge.ts';
import { type Sdk, sdks } from './support/sdks.ts';

let recorder: AtomicRecorder;
let bridge: Bridge | undefined;
let warnings: string[];
let undo: (() => unknown)[];
beforeEach(() => {
  recorder = createRecorder({ maxMemory: 2 ** 21 });
  const installation = setGlobalRecorder(recorder);
  warnings = [];
  reportedBefore().clear();
  const previous = setReporter((code) => void warnings.push(code));
  undo = [() => installation.uninstall(), () => setReporter(previous)];
});
afterEach(async () => {
  bridge?.dispose();
  bridge = undefined;
  for (const step of undo.reverse()) await step();
});

/** What was warned of is not warned of again, in a process. */
function reportedBefore(): Set<string> {
  return (globalThis as unknown as Record<symbol, { reported: Set<string> }>)[Symbol.for('ostinato.core.v1')]
    .reported;
}

interface Pipeline {
  readonly provider: MeterProvider;
  /** What each reader exported last, one after the other collected. */
  collect(): Promise<MetricData[][]>;
}

function pipeline(
  sdk: Sdk,
  { views = [], readers = 1, delta = false, limit }: PipelineOptions = {},
): Pipeline {
  const temporality = delta ? sdk.AggregationTemporality.DELTA : sdk.AggregationTemporality.CUMULATIVE;
  const exporters = Array.from({ length: readers }, () => new sdk.InMemoryMetricExporter(temporality));
  const provider = new sdk.MeterProvider({
    views,
    readers: exporters.map(
      (exporter) =>
        new sdk.PeriodicExportingMetricReader({
          exporter,
          exportIntervalMillis: 2 ** 31 - 1,
          ...(limit === undefined ? {} : { cardinalityLimits: { default: limit } }),
        }),
    ),
  });
  undo.push(() => provider.shutdown());
  const collect = async () => {
    await provider.forceFlush();
    return exporters.map((exporter) => {
      const last = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
      exporter.reset();
      return last.flatMap(({ metrics }) => metrics);
    });
  };
  return { provider, collect };
}

interface PipelineOptions {
  readonly views?: ViewOptions[];
  readonly readers?: number;
  readonly delta?: boolean;
  readonly limit?: number;
}

/** All that does not depend on when it was recorded, in one order. */
function comparable(metrics: readonly MetricData[]) {
  return metrics
    .map(({ descriptor, dataPointType, aggregationTemporality, dataPoints }) => ({
      name: descriptor.name,
      unit: descriptor.unit,
      description: descriptor.description,
      dataPointType,
      aggregationTemporality,
      points: dataPoints
        .map(({ attributes, value }) => ({ attributes, value }))
        .sort((a, b) => (JSON.stringify(a.attributes) < JSON.stringify(b.attributes) ? -1 : 1)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const BOUNDS = [0, 10, 50, 100];
const ROUTES = ['/', '/a', '/b', '/c', '/d', '/e', '/f', '/g'];

/** The same values, through the facade and through instruments of OpenTelemetry. */
function recordBoth(direct: ApiMeterProvider) {
  const meter = direct.getMeter('shop', '1.2');
  const shop = scope({ name: 'shop', version: '1.2' });
  const requests = shop.defineCounter('requests', {
    unit: '{request}',
    description: 'All of them',
    labels: ['route', 'status'],
  });
  const time = shop.defineHistogram('time', { unit: 'ms', buckets: BOUNDS, labels: ['route'] });
  const free = shop.histogram('free');
  const load = shop.defineGauge('load', { unit: '1', labels: ['route'] });
  const otelRequests = meter.createCounter('requests', { unit: '{request}', description: 'All of them' });
  const otelTime = meter.createHistogram('time', {
    unit: 'ms',
    advice: { explicitBucketBoundaries: BOUNDS },
  });
  const otelFree = meter.createHistogram('free');
  const otelLoad = meter.createGauge('load', { unit: '1' });
  return (round: number) => {
    ROUTES.forEach((route, i) => {
      for (const status of [200, 500]) {
        requests.with({ route, status }).increment(i + round);
        otelRequests.add(i + round, { route, status });
      }
      for (let n = 0; n <= i; n++) {
        const value = ((i * 37 + n * 11 + round) % 128) / 4;
        time.with({ route }).record(value);
        otelTime.record(value, { route });
        free.record(value);
        otelFree.record(value);
      }
      load.with({ route }).set(i - round);
      otelLoad.record(i - round, { route });
    });
    time.with({ route: '/' }).recordMany(7, 3);
    for (let n = 0; n < 3; n++) otelTime.record(7, { route: '/' });
  };
}

const viewsOf = (sdk: Sdk): Record<string, PipelineOptions> => ({
  'no views': {},
  'views that rename, drop attributes and change buckets': {
    views: [
      {
        instrumentName: 'requests',
        name: 'renamed',
        attributesProcessors: [sdk.createAllowListAttributesProcessor(['status'])],
      },
      {
        instrumentName: 'time',
        attributesProcessors: [sdk.createDenyListAttributesProcessor(['route'])],
        aggregation: {
          type: sdk.AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [1, 2, 3, 5, 8, 13, 21] },
        },
      },
      { instrumentName: 'free', aggregation: { type: sdk.AggregationType.EXPONENTIAL_HISTOGRAM } },
      { instrumentName: 'load', aggregation: { type: sdk.AggregationType.DROP } },
    ],
  },
  'a cardinality limit': { limit: 5 },
  'two readers': { readers: 2 },
});

describe.each(sdks)('on SDK %s', (_line, sdk) => {
  describe.each(Object.entries(viewsOf(sdk)))('with %s', (_views, options) => {
    test.each([
      ['buffered', false],
      ['buffered', true],
      ['direct', false],
    ] as const)(
      'a bridged recorder gives what direct instruments give (%s, delta %s)',
      async (mode, delta) => {
        const bridged = pipeline(sdk, { ...options, delta });
        const direct = pipeline(sdk, { ...options, delta });
        // The SDK collects from the scopes that it knew before; another test is about new ones.
        bridged.provider.getMeter('shop', '1.2');
        bridge = bridgeInstruments(recorder, bridged.provider, { mode });
        const record = recordBoth(direct.provider);
        for (let round = 1; round <= 3; round++) {
          record(round);
          const [got, expected] = [await bridged.collect(), await direct.collect()];
          expect(got.map(comparable)).toEqual(expected.map(comparable));
          expect(expected.map(({ length }) => length)).not.toContain(0);
        }
        expect(warnings).toEqual([]);
      },
    );
  });

  test('no sample is lost to a burst that is larger than the ring', async () => {
    const { provider, collect } = pipeline(sdk);
    provider.getMeter('ostinato');
    bridge = bridgeInstruments(recorder, provider);
    const burst = histogram('burst');
    for (let i = 0; i < 200_000; i++) burst.record(i % 8);
    const [metrics] = await collect();
    const value = metrics?.find(({ descriptor }) => descriptor.name === 'burst')?.dataPoints[0]?.value;
    expect(value).toMatchObject({ count: 200_000, sum: 700_000, min: 0, max: 7 });
    expect(warnings).toEqual([]);
  });

  test('a recordMany larger than the ring is cut, and what is cut off is counted and said', async () => {
    const { provider, collect } = pipeline(sdk);
    provider.getMeter('ostinato');
    bridge = bridgeInstruments(recorder, provider);
    histogram('many').recordMany(1, 100_000);
    const [metrics] = await collect();
    const point = (name: string) =>
      metrics?.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
    expect(point('many')).toMatchObject({ count: 65_536 });
    expect(point('ostinato.bridge.dropped')).toBe(100_000 - 65_536);
    expect(warnings).toEqual(['OSTINATO_BUCKET_FULL']);
  });

  test('dispose() hands over what is left, new scopes included, and nothing after it', async () => {
    const { provider, collect } = pipeline(sdk);
    bridge = bridgeInstruments(recorder, provider);
    counter('orders').increment(3);
    histogram('time').record(5);
    bridge.dispose();
    counter('orders').increment(4);
    histogram('time').record(6);
    const [metrics] = await collect();
    const points = metrics?.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]);
    expect(points).toEqual([
      ['orders', 3],
      ['time', expect.objectContaining({ count: 1, sum: 5 })],
    ]);
  });

  test('a later bridge to the same provider goes on where the one before stopped', async () => {
    const { provider, collect } = pipeline(sdk);
    provider.getMeter('ostinato');
    bridge = bridgeInstruments(recorder, provider);
    counter('orders').increment(3);
    histogram('time').record(5);
    bridge.dispose();
    counter('orders').increment(4);
    histogram('time').record(6);
    bridge = bridgeInstruments(recorder, provider);
    counter('orders').increment(5);
    histogram('time').record(7);
    const [metrics] = await collect();
    const points = metrics?.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]);
    expect(points).toEqual([
      ['orders', 12],
      ['time', expect.objectContaining({ count: 2, sum: 12 })],
    ]);
    // The sample between the two bridges is known as a bucket only.
    expect(warnings).toEqual(['OSTINATO_SAMPLES_LATE']);
  });

  test('an attribute processor that throws harms its own instrument only, and recording never', async () => {
    const fails = {
      process: () => {
        throw new Error('broken');
      },
    };
    const views = ['bad', 'worse'].map((instrumentName) => ({
      instrumentName,
      attributesProcessors: [fails],
    }));
    const { provider, collect } = pipeline(sdk, { views });
    provider.getMeter('ostinato');
    bridge = bridgeInstruments(recorder, provider, { mode: 'direct' });
    counter('bad').increment();
    counter('good').increment(2);
    for (let i = 0; i < 3; i++) histogram('worse').record(1);
    await collect();
    histogram('worse').record(1);
    const [metrics] = await collect();
    expect(metrics?.map(({ descriptor }) => descriptor.name)).toEqual(['good']);
    expect(warnings.sort()).toEqual(['OSTINATO_BRIDGE_FAILED', 'OSTINATO_BRIDGE_FAILED']);
  });
});

test('what was recorded on histograms before is said; counters and gauges are handed over', async () => {
  const { provider, collect } = pipeline(sdks[0][1]);
  counter('orders').increment(3);
  gauge('depth').set(2);
  histogram('time').record(5);
  bridge = bridgeInstruments(recorder, provider);
  const [metrics] = await collect();
  expect(metrics?.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value])).toEqual([
    ['orders', 3],
    ['depth', 2],
  ]);
  expect(warnings).toEqual(['OSTINATO_SAMPLES_LATE']);
});

test('handles that were in use before go on, and layers apply before the bridge', async () => {
  const { provider, collect } = pipeline(sdks[0][1]);
  provider.getMeter('ostinato');
  const time = defineHistogram('time', { labels: ['user'] });
  time.with({ user: 'a' }).record(1);
  bridge = bridgeInstruments(recorder, provider);
  time.with({ user: 'a' }).record(2);
  recorder.setFilter({ directives: 'off' });
  time.with({ user: 'a' }).record(4);
  recorder.setFilter({ directives: 'info' });
  time.with({ user: 'a' }).record(8);
  const [metrics] = await collect();
  expect(metrics?.[0]?.dataPoints).toMatchObject([
    { attributes: { user: 'a' }, value: { count: 2, sum: 10 } },
  ]);
});

test("the recorder's own limits hold: what is over is the overflow series of the instrument", async () => {
  const { provider, collect } = pipeline(sdks[0][1]);
  provider.getMeter('ostinato');
  const limited = createRecorder({ cardinality: 3 });
  undo.shift()?.();
  const installation = setGlobalRecorder(limited);
  undo.unshift(() => installation.uninstall());
  bridge = bridgeInstruments(limited, provider);
  for (const route of ROUTES) {
    counter('requests', { route }).increment();
    histogram('time', { route }).record(1);
  }
  const [metrics] = await collect();
  for (const metric of metrics ?? []) {
    const points = metric.dataPoints.map(({ attributes, value }) => [
      attributes,
      typeof value === 'number' ? value : value.count,
    ]);
    expect(points).toEqual([
      [{ route: '/' }, 1],
      [{ route: '/a' }, 1],
      [{ 'otel.metric.overflow': true }, 6],
    ]);
  }
  expect(metrics).toHaveLength(2);
});

test("the API's own provider, which does nothing, is said to be that", () => {
  bridge = bridgeInstruments(recorder, api.getMeterProvider());
  expect(warnings).toEqual(['OSTINATO_BRIDGE_NOOP']);
});

test('a second bridge while there is one, and what is no recorder, provider or mode, is refused', () => {
  const { provider } = pipeline(sdks[0][1]);
  const code = (code: string) => expect.objectContaining({ code });
  const call = (...given: unknown[]) => {
    try {
      (bridgeInstruments as (...given: unknown[]) => unknown)(...given);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  expect(call({}, provider)).toEqual(code('OSTINATO_INVALID_RECORDER'));
  expect(call(undefined, provider)).toEqual(code('OSTINATO_INVALID_RECORDER'));
  expect(call(recorder, {})).toEqual(code('OSTINATO_INVALID_OPTION'));
  expect(call(recorder, provider, { mode: 'fast' })).toEqual(code('OSTINATO_INVALID_OPTION'));
  expect(call(recorder, provider, { modus: 'direct' })).toEqual(code('OSTINATO_INVALID_OPTION'));
  bridge = bridgeInstruments(recorder, provider);
  expect(call(recorder, provider)).toEqual(code('OSTINATO_BUCKET_CONSUMER'));
});
