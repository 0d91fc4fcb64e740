import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { CUSTOMER, Services } from '../../examples/orders/test/support/services.ts';
import type { MetricsBatch } from '../../packages/otlp/src/encode/sdk-types.ts';
import { binary } from './support/binaries.ts';
import { Child, freePort } from './support/child.ts';
import { settled } from './support/pipeline.ts';
import { Prometheus } from './support/prometheus.ts';
import { until } from './support/until.ts';

const root = join(__dirname, '../..');
const collectorConfig = join(root, 'otel-collector/config.yaml');
const prometheusConfig = join(root, 'otel-collector/prometheus.yaml');
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** What a service's block of docker-compose.yml says. */
function service(name: string): { image: string; flags: string[]; mounts: [string, string][] } {
  const block = new RegExp(`^  ${name}:\\n((?:    .*\\n)+)`, 'm').exec(compose)?.[1] ?? '';
  return {
    image: /image: (\S+)/.exec(block)?.[1] ?? '',
    flags: [...block.matchAll(/--[^\s"\],]+/g)].map(([flag]) => flag),
    mounts: [...block.matchAll(/- (\.\/[^:\s]+):([^:\s]+)/g)].map(([, from, to]) => [from, to]),
  };
}

/** What a program says of a file that it refuses. */
function refusal(name: 'otelcol' | 'promtool', ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(binary(name), args, { encoding: 'utf8' });
  return status === 0 ? undefined : `${stdout}${stderr}`;
}

test('the Collector takes its configuration, and warns of nothing in it', () => {
  const { status, stdout, stderr } = spawnSync(
    binary('otelcol'),
    ['validate', `--config=${collectorConfig}`],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
});

test('Prometheus takes its configuration', () => {
  expect(refusal('promtool', 'check', 'config', prometheusConfig)).toBeUndefined();
});

test('what docker-compose.yml mounts is there, where the flags look for it, and versions are those of the tests', () => {
  const manifest = readFileSync(join(root, 'otel-collector/builder.yaml'), 'utf8');
  const collector = service('otel-collector');
  expect(manifest).toContain(`version: ${collector.image.split(':')[1]}`);
  expect(service('prometheus').image).toMatch(/:v3\./);
  for (const name of ['otel-collector', 'prometheus', 'grafana']) {
    const { flags, mounts } = service(name);
    expect(mounts.length).toBeGreaterThan(0);
    for (const [from] of mounts) expect([from, existsSync(join(root, from))]).toEqual([from, true]);
    const config = flags.find((flag) => /^--config(\.file)?=/.test(flag));
    if (config !== undefined) expect(mounts.map(([, to]) => to)).toContain(config.split('=')[1]);
  }
});

describe('the pipeline of docker-compose.yml', () => {
  let directory: string;
  let prometheus: Prometheus;
  let collector: Child;
  let endpoint: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ostinato-compose-'));
    const flags = service('prometheus').flags.filter((flag) => !flag.startsWith('--config.file='));
    prometheus = await Prometheus.start(directory, { file: prometheusConfig }, flags);
    const [grpc, http, health] = [await freePort(), await freePort(), await freePort()];
    const listen = (key: string, port: number) => `--config=yaml:${key}::endpoint: 127.0.0.1:${port}`;
    collector = new Child(
      binary('otelcol'),
      [
        `--config=${collectorConfig}`,
        listen('receivers::otlp::protocols::grpc', grpc),
        listen('receivers::otlp::protocols::http', http),
        listen('extensions::health_check', health),
        '--config=yaml:service::telemetry::metrics::level: none',
      ],
      { PROMETHEUS_OTLP: prometheus.otlp },
    );
    await collector.ready(`http://127.0.0.1:${health}/`);
    endpoint = `http://127.0.0.1:${grpc}`;
  });
  afterAll(async () => {
    await collector.end();
    await prometheus.stop();
    rmSync(directory, { recursive: true });
  });

  test('brings a metric of two scopes to Prometheus, with the labels of the resource', async () => {
    const recorder = createRecorder();
    for (const [scope, by] of [
      ['cart', 3],
      ['payment', 4],
    ] as const) {
      const key = Object.freeze({ scope: Object.freeze({ name: scope }), name: 'orders', labels: [] });
      recorder.counter(key, {}).sink.increment(by);
    }
    const exporter = new OtlpMetricExporter({ endpoint }, { env: {} });
    const { scopeMetrics } = (await metricProducer(recorder).collect()).resourceMetrics;
    const attributes = { 'service.name': 'shop', 'service.version': '1.2.3' };
    exporter.export({ resource: { attributes }, scopeMetrics } as unknown as MetricsBatch, () => {});
    await settled(exporter, 2);
    await exporter.shutdown();
    const found = () => prometheus.query('orders_total{service_name="shop"}', Date.now() + 1000);
    await until(async () => (await found()).length > 0);
    expect(
      (await found()).map(({ labels, samples }) => [
        labels.otel_scope_name,
        labels.service_version,
        samples[0]?.[1],
      ]),
    ).toEqual([
      ['cart', '1.2.3', 3],
      ['payment', '1.2.3', 4],
    ]);
  });

  test('leads from an exemplar in Prometheus to the spans that the Collector prints', async () => {
    const services = await Services.start(join(directory, 'state'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_TRACES_EXPORTER: 'otlp',
    });
    await services.order({ amount: 1999, method: 'card' });
    expect(await services.stop()).toEqual([0, 0]);
    const exemplars = () => prometheus.exemplars('order_process_time_milliseconds_bucket');
    await until(async () => (await exemplars()).length > 0);
    const [exemplar] = await exemplars();
    expect(exemplar?.labels.trace_id).toBe(CUSTOMER.traceId);
    const spans = () =>
      collector.output
        .split('Span #')
        .map((text) =>
          Object.fromEntries(
            [...text.matchAll(/^ +(\w[\w ]*?) +: (\S.*)$/gm)].map(([, name, value]) => [name, value]),
          ),
        );
    await until(() => spans().some(({ ID }) => ID === exemplar?.labels.span_id));
    expect(spans().find(({ ID }) => ID === exemplar?.labels.span_id)).toMatchObject({
      'Trace ID': CUSTOMER.traceId,
      'Parent ID': CUSTOMER.spanId,
      Name: 'POST /order',
    });
  });

  test('answers every query of the dashboards', async () => {
    const folder = join(root, 'otel-collector/grafana/dashboards');
    const queries = readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => [
        ...readFileSync(join(folder, file), 'utf8').matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g),
      ])
      .map(([, text]) => JSON.parse(text) as string);
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      // As Grafana fills them in.
      const filled = query
        .replace(/\$__(rate_)?interval/g, '1m')
        .replace(/\$__range/g, '1h')
        .replace(/\$\w+/g, '.*');
      await expect(prometheus.query(filled, Date.now())).resolves.toBeDefined();
    }
  });
});
