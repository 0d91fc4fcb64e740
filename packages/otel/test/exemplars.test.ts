import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { counter, defineHistogram, gauge, histogram } from '@ostinato/core';
import { createRecorder, redact } from '@ostinato/recorder';
import { type Collector, startCollector } from '@ostinato/testing';
import root from 'otlp-transformer-oracle/build/src/generated/root.js';
import { followTraces } from '../src/active-span.ts';
import type { StartOptions } from '../src/options.ts';
import { metricCollector } from '../src/producer.ts';
import type { Running } from '../src/running.ts';
import { start as startSdk } from '../src/start.ts';

const HOUR = 3_600_000;
const environment = { ...process.env };
let collector: Collector;
let stateHome: string;
let sdk: Running | undefined;

beforeEach(async () => {
  collector = await startCollector();
  stateHome = mkdtempSync(join(tmpdir(), 'ostinato-otel-'));
  process.env.XDG_STATE_HOME = stateHome;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.endpoint;
  const ignore = () => {};
  diag.setLogger({ error: ignore, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
});

afterEach(async () => {
  await sdk?.shutdown().catch(() => {});
  sdk = undefined;
  for (const api of [trace, context, propagation, diag]) api.disable();
  process.env = { ...environment };
  await collector.stop();
  rmSync(stateHome, { recursive: true });
});

function start(options: StartOptions = {}): Running {
  sdk = startSdk({ interval: HOUR, ...options });
  return sdk;
}

/** Records in a span, after an await, and returns the ids of the span. */
async function inSpan(record: () => void): Promise<{ readonly traceId: string; readonly spanId: string }> {
  return await trace.getTracer('test').startActiveSpan('order', async (span) => {
    await null;
    record();
    span.end();
    const { traceId, spanId } = span.spanContext();
    return { traceId, spanId };
  });
}

interface Point {
  readonly exemplars?: readonly {
    readonly spanId: string;
    readonly traceId: string;
    readonly asDouble: number;
    readonly timeUnixNano: string;
  }[];
}

/** The points of all accepted requests by metric, read by the decoder that was generated from the protocol's files. */
function received(): Record<string, Point[]> {
  const { ExportMetricsServiceRequest: generated } = (root as never as Generated).opentelemetry.proto
    .collector.metrics.v1;
  const points: Record<string, Point[]> = {};
  for (const { bytes } of collector.accepted) {
    const { resourceMetrics } = generated.toObject(generated.decode(bytes), { longs: String, bytes: Buffer });
    for (const { name, ...data } of resourceMetrics
      .flatMap((r) => r.scopeMetrics)
      .flatMap((s) => s.metrics)) {
      for (const { dataPoints = [] } of Object.values(data) as { dataPoints?: RawPoint[] }[]) {
        points[name] ??= [];
        for (const { exemplars, ...point } of dataPoints) {
          // The zero with which a series begins.
          if (point.startTimeUnixNano === point.timeUnixNano) continue;
          const hexed = exemplars?.map((exemplar) => ({
            ...exemplar,
            traceId: Buffer.from(exemplar.traceId).toString('hex'),
            spanId: Buffer.from(exemplar.spanId).toString('hex'),
          }));
          points[name].push({ ...point, ...(hexed === undefined ? {} : { exemplars: hexed }) });
        }
      }
    }
  }
  return points;
}

interface RawPoint {
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly exemplars?: readonly {
    readonly traceId: Uint8Array;
    readonly spanId: Uint8Array;
    readonly asDouble: number;
    readonly timeUnixNano: string;
  }[];
}
interface Generated {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly metrics: {
          readonly v1: {
            readonly ExportMetricsServiceRequest: {
              decode(bytes: Uint8Array): unknown;
              toObject(
                message: unknown,
                options: object,
              ): {
                readonly resourceMetrics: readonly {
                  readonly scopeMetrics: readonly {
                    readonly metrics: readonly { readonly name: string; readonly [data: string]: unknown }[];
                  }[];
                }[];
              };
            };
          };
        };
      };
    };
  };
}

test('a real span is the exemplar of what was recorded in it, in the bytes that the collector gets', async () => {
  new NodeTracerProvider().register();
  const { forceFlush } = start();
  const latency = defineHistogram('latency', { unit: 's', buckets: [0.1, 1] });
  const before = BigInt(Date.now()) * 1_000_000n;
  const fast = await inSpan(() => latency.record(0.05));
  const slow = await inSpan(() => latency.record(5));
  const order = await inSpan(() => {
    counter('orders').increment(2);
    histogram('size').record(7);
    gauge('depth').set(1);
  });
  counter('orders').increment();
  await forceFlush();
  const points = received();
  expect(points.latency).toMatchObject([
    {
      exemplars: [
        { ...fast, asDouble: 0.05 },
        { ...slow, asDouble: 5 },
      ],
    },
  ]);
  expect(points.orders).toMatchObject([{ asDouble: 3, exemplars: [{ ...order, asDouble: 2 }] }]);
  expect(points.size).toMatchObject([{ exemplars: [{ ...order, asDouble: 7 }] }]);
  expect(points.depth?.[0]).not.toHaveProperty('exemplars');
  const time = BigInt(points.orders?.[0]?.exemplars?.[0]?.timeUnixNano ?? 0);
  expect(time >= before && time <= BigInt(Date.now()) * 1_000_000n).toBe(true);
});

test('an exemplar goes through the log and its replay as it was', async () => {
  new NodeTracerProvider().register();
  const { forceFlush } = start({ exporter: { fallback: { durability: 'always' } } });
  collector.vanish();
  const order = await inSpan(() => counter('orders').increment(2));
  await forceFlush();
  const lines = readdirSync(stateHome, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith('.jsonl'))
    .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8').split('\n'));
  const line = lines.find((text) => text.includes(order.traceId));
  expect(line).toContain(`"asDouble":2,"spanId":"${order.spanId}","traceId":"${order.traceId}"`);
  await collector.comeBack();
  await collector.until(() => received().orders !== undefined);
  expect(received().orders).toMatchObject([{ exemplars: [{ ...order, asDouble: 2 }] }]);
});

test.each([
  ['not sampled', {}, 0],
  ['not sampled, but all are wanted', { OTEL_METRICS_EXEMPLAR_FILTER: 'always_on' }, 1],
])('a span that is %s', async (_, variables, expected) => {
  Object.assign(process.env, variables);
  new NodeTracerProvider({ sampler: new AlwaysOffSampler() }).register();
  const { forceFlush } = start();
  await inSpan(() => counter('orders').increment());
  await forceFlush();
  expect(received().orders?.[0]?.exemplars ?? []).toHaveLength(expected);
});

test.each([
  ['the variable', 'always_off', undefined, 0],
  ['the variable, in capitals', 'ALWAYS_OFF', undefined, 0],
  ['the option, which beats the variable', 'always_off', 'trace_based', 1],
  ['the default, as the variable is none of the three', 'always', undefined, 1],
] as const)('the filter is %s', async (_, variable, option, expected) => {
  process.env.OTEL_METRICS_EXEMPLAR_FILTER = variable;
  new NodeTracerProvider().register();
  const { forceFlush } = start(option === undefined ? {} : { recorder: { exemplars: option } });
  await inSpan(() => counter('orders').increment());
  await forceFlush();
  expect(received().orders?.[0]?.exemplars ?? []).toHaveLength(expected);
});

test.each([null, 5, []])(
  'the variable does not make options of a recorder that are none valid: %p',
  (recorder) => {
    process.env.OTEL_METRICS_EXEMPLAR_FILTER = 'always_on';
    expect(() => start({ recorder: recorder as never })).toThrow(
      'createRecorder: the options argument must be an object',
    );
  },
);

test('a tracer provider that is registered after start() is followed from the next collection on', async () => {
  const { forceFlush } = start();
  const orders = counter('orders');
  orders.increment();
  new NodeTracerProvider().register();
  await inSpan(() => orders.increment());
  await forceFlush();
  for (let i = 0; i < 32; i++) await inSpan(() => orders.increment());
  await forceFlush();
  expect(received().orders).toMatchObject([{ asDouble: 2 }, { asDouble: 34, exemplars: [{ asDouble: 1 }] }]);
});

test('redacted labels are in none of what is sent', async () => {
  new NodeTracerProvider().register();
  const { forceFlush } = start({
    recorder: { layers: [redact({ drop: ['email'] })], cardinality: 2 },
  });
  await inSpan(() => {
    for (const user of ['ada', 'bob']) counter('orders', { email: `${user}@example.com`, user }).increment();
  });
  await forceFlush();
  const text = Buffer.concat(collector.accepted.map(({ bytes }) => bytes)).toString('latin1');
  expect(text).toContain('orders');
  expect(text).not.toContain('example.com');
});

test('a reader that is no exporter of ours finds exemplars on the points, as the SDK would have them', async () => {
  new NodeTracerProvider().register();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const { forceFlush } = start({ exporter });
  const order = await inSpan(() => counter('orders').increment(2));
  await forceFlush();
  const [point] = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
  expect(point).toMatchObject({
    value: 2,
    exemplars: [
      { value: 2, filteredAttributes: {}, ...order, timestamp: [expect.any(Number), expect.any(Number)] },
    ],
  });
});

test('without start(), followTraces() is enough', async () => {
  new NodeTracerProvider().register();
  const recorder = createRecorder();
  const collect = metricCollector(recorder, {});
  const record = () =>
    recorder.counter({ scope: { name: 's' }, name: 'c', labels: [] }, {}).sink.increment(1);
  const exemplars = () =>
    collect().resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0] as { exemplars?: readonly object[] };
  const following = followTraces();
  const order = await inSpan(record);
  expect(exemplars().exemplars).toMatchObject([order]);
  following[Symbol.dispose]();
  await inSpan(record);
  expect(exemplars()).not.toHaveProperty('exemplars');
});
