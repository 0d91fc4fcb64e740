import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  ConsoleMetricExporter,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type ScopeSnapshot, SNAPSHOT, setReporter } from '@ostinato/core';
import { metricProducer } from '../src/producer.ts';
import { type FakeScope, fakeRecorder } from './fake-recorder.ts';

const counterScope = (value: number, name = 'orders', failure?: unknown): FakeScope => ({
  name,
  version: '1.2.3',
  metrics: [{ name: 'created', type: 'counter', series: [{ labels: { a: 'b' }, value }] }],
  ...(failure === undefined ? {} : { failure }),
});

/** AggregationTemporalityPreference.LOWMEMORY of the SDK's exporters. */
const LOW_MEMORY_PREFERENCE = 2;

const reports: string[] = [];
let previous: ReturnType<typeof setReporter>;
beforeAll(() => {
  previous = setReporter((code, text) => reports.push(`${code}: ${text}`));
});
beforeEach(() => {
  reports.length = 0;
});
afterAll(() => {
  setReporter(previous);
});

const providers: MeterProvider[] = [];
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.shutdown()));
});

function pipeline(exporter: PushMetricExporter, ...metricProducers: MetricProducer[]) {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9, metricProducers });
  const provider = new MeterProvider({ readers: [reader] });
  providers.push(provider);
  return { reader, provider, meter: provider.getMeter('stock') };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const firstValue = (metrics: ResourceMetrics | undefined) =>
  metrics?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value;

/** An exporter that does as told with each batch. */
function exporterThat(take: (metrics: ResourceMetrics) => void): PushMetricExporter {
  return {
    export(metrics, callback) {
      take(metrics);
      callback({ code: 0 });
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

describe('through a stock reader', () => {
  test('the recorder stands next to the stock instruments, under the resource of the provider', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const { recorder } = fakeRecorder([counterScope(3)]);
    const { provider, meter } = pipeline(exporter, metricProducer(recorder));
    meter.createCounter('stock.counter').add(2);
    await provider.forceFlush();
    const [batch] = exporter.getMetrics();
    expect(batch?.scopeMetrics.map(({ scope }) => scope)).toEqual([
      { name: 'stock', version: '', schemaUrl: undefined },
      { name: 'orders', version: '1.2.3' },
    ]);
    expect(batch?.scopeMetrics.flatMap(({ metrics }) => metrics.map((m) => m.dataPoints[0]?.value))).toEqual([
      2, 3,
    ]);
    expect(batch?.resource.attributes['telemetry.sdk.name']).toBe('opentelemetry');
  });

  test('an exporter that keeps batches has in each the values of its time', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    let live = 1;
    const scope = () => {
      const series = {
        get value() {
          return live;
        },
      };
      return { name: 's', metrics: [{ name: 'c', type: 'counter' as const, series: [series] }] };
    };
    const { provider } = pipeline(exporter, metricProducer(fakeRecorder([scope()]).recorder));
    await provider.forceFlush();
    await turn();
    live = 2;
    await provider.forceFlush();
    await turn();
    live = 3;
    expect(exporter.getMetrics().map(firstValue)).toEqual([1, 2]);
  });

  test('the console exporter prints it', async () => {
    const dir = jest.spyOn(console, 'dir').mockImplementation(() => {});
    const { provider } = pipeline(
      new ConsoleMetricExporter(),
      metricProducer(fakeRecorder([counterScope(3)]).recorder),
    );
    await provider.forceFlush();
    const [printed] = dir.mock.calls[0] ?? [];
    expect(printed).toMatchObject({ descriptor: { name: 'created' }, dataPoints: [{ value: 3 }] });
  });

  test('a reader that splits batches reads the data', async () => {
    const batches: ResourceMetrics[] = [];
    const reader = new PeriodicExportingMetricReader({
      exporter: exporterThat((metrics) => batches.push(metrics)),
      exportIntervalMillis: 1e9,
      maxExportBatchSize: 1,
      metricProducers: [metricProducer(fakeRecorder([counterScope(1, 'a'), counterScope(2, 'b')]).recorder)],
    });
    const provider = new MeterProvider({ readers: [reader] });
    providers.push(provider);
    await provider.forceFlush();
    expect(batches.map(firstValue)).toEqual([1, 2]);
    expect(reports).toEqual([]);
  });

  test('a recorder that fails does not harm the stock instruments', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const broken = (failure: unknown) =>
      metricProducer({
        reader: () => ({
          collect() {
            throw failure;
          },
        }),
      });
    const { provider, meter } = pipeline(exporter, broken(new Error('gone')), broken(undefined));
    meter.createCounter('stock.counter').add(2);
    await provider.forceFlush();
    expect(exporter.getMetrics().map(firstValue)).toEqual([2]);
  });

  test('a failure while series are read does not harm the stock instruments, and keeps what was read', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const { recorder } = fakeRecorder([counterScope(3, 'failing', new Error('arena is gone'))]);
    const { provider, meter } = pipeline(exporter, metricProducer(recorder));
    meter.createCounter('stock.counter').add(2);
    await provider.forceFlush();
    await turn();
    const values = exporter
      .getMetrics()[0]
      ?.scopeMetrics.map(({ metrics }) => metrics[0]?.dataPoints[0]?.value);
    expect(values).toEqual([2, 3]);
    expect(reports).toEqual([expect.stringMatching(/^OSTINATO_COLLECT_FAILED: .*failing.*arena is gone/)]);
  });

  test('a recorder that takes longer than the reader waits does not harm the stock instruments', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: 1e9,
      exportTimeoutMillis: 5,
      metricProducers: [
        metricProducer({
          reader: () => ({
            collect() {
              for (const end = performance.now() + 50; performance.now() < end; );
              return { temporality: 'delta', time: 1n, scopes: [], chunks: () => [] };
            },
          }),
        }),
      ],
    });
    const provider = new MeterProvider({ readers: [reader] });
    providers.push(provider);
    const stock = provider.getMeter('stock').createCounter('stock.counter');
    stock.add(2);
    await provider.forceFlush();
    stock.add(3);
    await provider.forceFlush();
    expect(exporter.getMetrics().map(firstValue)).toEqual([2, 3]);
  });

  test('what another failing producer kept from the exporter is not consumed', async () => {
    const scopes = [counterScope(3)];
    const { recorder } = fakeRecorder(scopes);
    const read = jest.fn();
    const reader = recorder.reader({ temporality: 'delta' });
    const watched = metricProducer({
      reader: () => ({
        collect() {
          const snapshot = reader.collect();
          return {
            ...snapshot,
            scopes: snapshot.scopes.map((scope) => ({
              ...scope,
              chunks: (size: number) => {
                read();
                return scope.chunks(size);
              },
            })),
          };
        },
      }),
    });
    const failing = { collect: jest.fn().mockRejectedValueOnce(new Error('not ours')) };
    failing.collect.mockResolvedValue({ resourceMetrics: { scopeMetrics: [] }, errors: [] });
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const { provider } = pipeline(exporter, watched, failing);
    await provider.forceFlush();
    await turn();
    expect(read).not.toHaveBeenCalled();
    await provider.forceFlush();
    await turn();
    expect(exporter.getMetrics().map(firstValue)).toEqual([3]);
  });
});

describe('collect', () => {
  test('never rejects: an error of the recorder is in the result', async () => {
    const failure = new Error('gone');
    const producer = metricProducer({
      reader: () => ({
        collect() {
          throw failure;
        },
      }),
    });
    await expect(producer.collect()).resolves.toMatchObject({
      resourceMetrics: { scopeMetrics: [] },
      errors: [failure],
    });
  });

  test('carries the resource it was given, for readers without a provider', async () => {
    const resource = resourceFromAttributes({ 'service.name': 'orders' });
    const { resourceMetrics } = await metricProducer(fakeRecorder([]).recorder, { resource }).collect();
    expect(resourceMetrics.resource).toBe(resource);
  });

  test.each([
    [undefined, 'cumulative'],
    ['cumulative', 'cumulative'],
    [AggregationTemporality.CUMULATIVE, 'cumulative'],
    ['delta', 'delta'],
    [AggregationTemporality.DELTA, 'delta'],
    ['lowmemory', 'lowmemory'],
    [LOW_MEMORY_PREFERENCE, 'lowmemory'],
  ] as const)('temporality %p reads the recorder as %s', (temporality, expected) => {
    const { recorder, asked } = fakeRecorder([]);
    metricProducer(recorder, temporality === undefined ? {} : { temporality });
    expect(asked.temporality).toBe(expected);
  });

  test.each<[unknown, string]>([
    [
      { temporality: 'DELTA' },
      "temporality must be one of 'delta', 'cumulative', 'lowmemory', 0, 1, 2, got 'DELTA'",
    ],
    [{ temporality: 3 }, 'got 3'],
    [{ temporality: 3n }, 'got a bigint'],
    [{ temporality: null }, 'got null'],
    [{ temporality: {} }, 'got an object'],
    [{ temporalty: 'delta' }, "no option 'temporalty'; did you mean 'temporality'"],
    ['delta', "the options argument must be an object, got 'delta'"],
  ])('the options %p are refused at once', (options, message) => {
    expect(() => metricProducer(fakeRecorder([]).recorder, options as never)).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  test.each([undefined, null, {}, 'recorder'])('%p is refused as a recorder', (recorder) => {
    expect(() => metricProducer(recorder as never)).toThrow(
      expect.objectContaining({ code: 'OSTINATO_INVALID_RECORDER' }),
    );
  });
});

describe('a lazy ScopeMetrics', () => {
  const collectOne = async (scope = counterScope(3)) => {
    const { resourceMetrics } = await metricProducer(fakeRecorder([scope]).recorder).collect();
    const [scopeMetrics] = resourceMetrics.scopeMetrics;
    if (scopeMetrics === undefined) {
      throw new Error('no scope');
    }
    const snapshot = () => (scopeMetrics as { [SNAPSHOT]?: ScopeSnapshot })[SNAPSHOT];
    return { scopeMetrics, snapshot };
  };
  const valuesOf = (snapshot: ScopeSnapshot | undefined) => {
    const values: number[] = [];
    for (const run of snapshot?.chunks(10) ?? []) {
      for (const { value } of run) {
        values.push(value);
      }
    }
    return values;
  };

  test('carries the snapshot where only those look who know it', async () => {
    const { scopeMetrics, snapshot } = await collectOne();
    expect(Object.keys(scopeMetrics)).toEqual(['scope', 'metrics']);
    expect(snapshot()).toMatchObject({ scope: { name: 'orders' }, temporality: 'cumulative', time: 20n });
    expect(valuesOf(snapshot())).toEqual([3]);
  });

  test('a spread reads the data and drops the brand', async () => {
    const { scopeMetrics, snapshot } = await collectOne();
    const copy = { ...scopeMetrics };
    expect(copy.metrics[0]?.dataPoints[0]?.value).toBe(3);
    expect(SNAPSHOT in copy).toBe(false);
    expect(snapshot()).toBeUndefined();
  });

  test('once read, the data is plain and the brand is gone', async () => {
    const { scopeMetrics, snapshot } = await collectOne();
    const { metrics } = scopeMetrics;
    expect(scopeMetrics.metrics).toBe(metrics);
    expect(snapshot()).toBeUndefined();
    expect(JSON.parse(JSON.stringify(scopeMetrics)).metrics[0].dataPoints[0].value).toBe(3);
  });

  test('once the snapshot is being read, metrics is empty and says so', async () => {
    const { scopeMetrics, snapshot } = await collectOne(counterScope(3, 'consumed'));
    expect(valuesOf(snapshot())).toEqual([3]);
    expect(scopeMetrics.metrics).toEqual([]);
    expect(scopeMetrics.metrics).toEqual([]);
    expect(reports).toEqual([expect.stringMatching(/^OSTINATO_SNAPSHOT_CONSUMED: .*consumed/)]);
  });

  test('who only looks at the snapshot leaves the data to others', async () => {
    const { scopeMetrics, snapshot } = await collectOne();
    expect(snapshot()?.time).toBe(20n);
    expect(scopeMetrics.metrics[0]?.dataPoints[0]?.value).toBe(3);
    expect(reports).toEqual([]);
  });

  test('an exporter that took the snapshot may read it in later turns', async () => {
    let taken: ScopeSnapshot | undefined;
    const exporter = exporterThat(({ scopeMetrics: [scope] }) => {
      taken = (scope as { [SNAPSHOT]?: ScopeSnapshot } | undefined)?.[SNAPSHOT];
    });
    const { provider } = pipeline(exporter, metricProducer(fakeRecorder([counterScope(3)]).recorder));
    await provider.forceFlush();
    await turn();
    expect(valuesOf(taken)).toEqual([3]);
  });
});
