import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodePoints, type Point } from '@ostinato/testing';
import { CUSTOMER, Services } from '../../examples/orders/test/support/services.ts';
import { fromLine } from '../../packages/otlp/src/encode/json-lines.ts';
import { Otelcol } from './support/otelcol.ts';
import { figures } from './support/pipeline.ts';
import { Prometheus } from './support/prometheus.ts';
import { until } from './support/until.ts';

let directory: string;
let collector: Otelcol;
let prometheus: Prometheus;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-exemplars-'));
  mkdirSync(stateHome());
  collector = await Otelcol.make(directory);
  prometheus = await Prometheus.start(join(directory, 'prometheus'), '');
});
afterEach(async () => {
  await collector.stop();
  await prometheus.stop();
  rmSync(directory, { recursive: true });
});

/** Where services keep their logs. */
const stateHome = () => join(directory, 'state');

/** An exemplar, wherever it was found. */
interface Found {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly value: number;
}

/** Of a metric's series that have these attributes, each once. */
function exemplarsOf(points: readonly Point[], metric: string, attributes: object = {}): Found[] {
  const found = new Map<string, Found>();
  for (const point of points) {
    if (point.metric !== metric) continue;
    if (Object.entries(attributes).some(([name, value]) => point.attributes[name] !== value)) continue;
    for (const { traceId, spanId, value } of point.exemplars) found.set(spanId, { traceId, spanId, value });
  }
  return [...found.values()];
}

async function stored(selector: string): Promise<Found[]> {
  return (await prometheus.exemplars(selector)).map(({ labels, value }) => ({
    traceId: labels.trace_id,
    spanId: labels.span_id,
    value,
  }));
}

const bySpan = (found: readonly Found[]) =>
  [...found].sort((a, b) => String(a.spanId).localeCompare(String(b.spanId)));

/** By metric: what Prometheus calls it. Explicit and exponential histogram, and counters. */
const METRICS = {
  'order.process_time': 'order_process_time_milliseconds_bucket',
  'payment.process_time': 'payment_process_time_milliseconds',
  'payment.requests': 'payment_requests_total',
  'order.errors': 'order_errors_total',
};

/** Two orders of one customer: the payment service refuses the second. */
async function placeOrders(services: Services): Promise<void> {
  expect([201, 402]).toContain(await services.order({ amount: 1999, method: 'card' }));
  expect(await services.order({ amount: 1999, method: 'cash' })).toBe(503);
}

/**
 * The Collector, which ends when it has sent on everything, and Prometheus have the same exemplars of these orders, all of
 * this trace. Gives them by metric.
 */
async function expectInBoth(): Promise<Record<string, Found[]>> {
  await collector.stop();
  const points = collector.points();
  const byMetric: Record<string, Found[]> = {};
  for (const [metric, name] of Object.entries(METRICS)) {
    const accepted = exemplarsOf(points, metric);
    expect(new Set(accepted.map(({ traceId }) => traceId))).toEqual(new Set([CUSTOMER.traceId]));
    expect(bySpan(await stored(name))).toEqual(bySpan(accepted));
    byMetric[metric] = accepted;
  }
  return byMetric;
}

test('the trace id of an order is in exemplars that the Collector holds and Prometheus returns, and they lead to its spans', async () => {
  await collector.start({ forwardTo: prometheus.otlp });
  const services = await Services.start(stateHome(), {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_TRACES_EXPORTER: 'otlp',
  });
  await placeOrders(services);
  expect(await services.stop()).toEqual([0, 0]);
  const found = await expectInBoth();
  const spans = collector.spans();
  const spansOf = (service: string, name: string) =>
    spans.filter((span) => span.service === service && span.name === name);
  const orders = spansOf('order-service', 'POST /order');
  expect(orders).toHaveLength(2);
  for (const order of orders) {
    expect(order).toMatchObject({ traceId: CUSTOMER.traceId, parentSpanId: CUSTOMER.spanId });
  }
  const ids = (list: readonly { spanId: string | undefined }[]) => list.map(({ spanId }) => spanId);
  for (const metric of ['order.process_time', 'order.errors']) {
    expect(ids(orders)).toEqual(expect.arrayContaining(ids(found[metric] as Found[])));
  }
  for (const metric of ['payment.process_time', 'payment.requests']) {
    expect(ids(found[metric] as Found[])).toEqual(ids(spansOf('payment-service', 'POST /pay')));
  }
  const count = Object.values(found).flat().length;
  figures(`trace ${CUSTOMER.traceId}: ${count} exemplars in both, and ${spans.length} spans`);
});

test('placed while the Collector is away, it is in the log, and after the replay in both', async () => {
  const services = await Services.start(stateHome(), {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_METRIC_EXPORT_INTERVAL: '200',
  });
  await placeOrders(services);
  let logged: Point[] = [];
  await until(() => {
    logged = pointsOfLogs();
    return Object.keys(METRICS).every((metric) => exemplarsOf(logged, metric).length > 0);
  });
  const expected = Object.fromEntries(
    Object.keys(METRICS).map((metric) => [metric, bySpan(exemplarsOf(logged, metric))]),
  );
  await collector.start({ forwardTo: prometheus.otlp });
  await until(() => {
    const points = collector.points();
    return Object.keys(METRICS).every(
      (metric) => exemplarsOf(points, metric).length >= (expected[metric]?.length ?? 0),
    );
  });
  expect(await services.stop()).toEqual([0, 0]);
  const found = await expectInBoth();
  for (const metric of Object.keys(METRICS))
    expect(bySpan(found[metric] as Found[])).toEqual(expected[metric]);
  figures(`trace ${CUSTOMER.traceId}: ${Object.values(found).flat().length} exemplars by way of the log`);

  /** The points of all whole lines that are in the services' logs now. */
  function pointsOfLogs(): Point[] {
    return readdirSync(stateHome(), { recursive: true, withFileTypes: true })
      .filter(({ name }) => name.endsWith('.jsonl'))
      .flatMap(({ name, parentPath }) =>
        readFileSync(join(parentPath, name), 'utf8').split('\n').slice(0, -1),
      )
      .flatMap((line) => decodePoints(fromLine(line)));
  }
});

test('recorded by worker threads in spans of their own: each in its bucket, and what is redacted nowhere', async () => {
  await collector.start({ forwardTo: prometheus.otlp });
  const program = join(__dirname, 'fixtures/traced-workers.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env: {
      PATH: process.env.PATH,
      XDG_STATE_HOME: stateHome(),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      TRACEPARENT: `00-${CUSTOMER.traceId}-${CUSTOMER.spanId}-01`,
    },
  });
  const spans = JSON.parse(stdout) as Record<string, string>;
  const inSpan = (name: string, value: number) => ({ traceId: CUSTOMER.traceId, spanId: spans[name], value });

  await collector.stop();
  const all = await prometheus.exemplars('{job="workers"}');
  // Of each metric one worker's series is summed into the overflow series, whose exemplars say whose they are.
  const shown = all.map(({ series, labels, value }) => ({
    metric: series.__name__,
    le: series.le,
    user: series.user ?? labels.user,
    traceId: labels.trace_id,
    spanId: labels.span_id,
    value,
  }));
  const expected = ['ada', 'bob'].flatMap((user) => [
    { metric: 'job_latency_seconds_bucket', le: '0.1', user, ...inSpan(`fast ${user}`, 0.05) },
    { metric: 'job_latency_seconds_bucket', le: '+Inf', user, ...inSpan(`slow ${user}`, 5) },
    { metric: 'job_size_bytes', le: undefined, user: undefined, ...inSpan(`size ${user}`, 7) },
    { metric: 'logins_total', le: undefined, user, ...inSpan(`login ${user}`, 1) },
  ]);
  expect(bySpan(shown)).toEqual(bySpan(expected));

  const points = collector.points();
  const accepted = ['job.latency', 'job.size', 'logins'].flatMap((metric) => exemplarsOf(points, metric));
  expect(bySpan(accepted)).toEqual(
    bySpan(expected.map(({ traceId, spanId, value }) => ({ traceId, spanId, value }))),
  );
  const filtered = points.flatMap(({ exemplars }) => exemplars.map(({ attributes }) => attributes));
  expect(filtered.filter(({ user }) => user !== undefined)).toHaveLength(3);
  for (const text of [JSON.stringify(collector.requests()), JSON.stringify(all)]) {
    expect(text).not.toMatch(/email|example\.com/);
  }
});
