import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import { type Collector, type CollectorOptions, hangUp, startCollector } from '@ostinato/testing';
import type { OtlpMetricExporterOptions } from '../src/config/options.ts';
import { OtlpMetricExporter } from '../src/exporter.ts';
import { delivered } from './support/delivered.ts';
import { sumOf } from './support/received.ts';
import { stockSdk } from './support/sdk.ts';

const pemPath = (name: string) => join(__dirname, 'fixtures/tls', `${name}.pem`);
const pem = (name: string) => readFileSync(pemPath(name), 'utf8');

let collector: Collector;
let directory: string;
let provider: MeterProvider;
let exporter: OtlpMetricExporter;
let orders: Counter;
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'ostinato-outage-'));
});
afterEach(async () => {
  await provider.shutdown().catch(() => {});
  await collector.stop();
  rmSync(directory, { recursive: true });
});

async function serve(options?: CollectorOptions): Promise<Collector> {
  collector = await startCollector(options);
  return collector;
}

async function start(
  options: OtlpMetricExporterOptions = {},
  collectorOptions?: CollectorOptions,
): Promise<void> {
  if (options.endpoint === undefined) await serve(collectorOptions);
  exporter = new OtlpMetricExporter(
    {
      // Not by address: Node warns of TLS server names that are one.
      endpoint: collector.endpoint.replace('https://127.0.0.1', 'https://localhost'),
      temporalityPreference: 'delta',
      fallback: { directory },
      acceptMillis: 50,
      ...options,
    },
    { env: {}, logger: { info: (text) => said.push(text), warn: (text) => said.push(text) } },
  );
  ({ provider, orders } = stockSdk([exporter]));
}

async function exportOne(): Promise<void> {
  orders.add(1);
  await provider.forceFlush();
}

/** Everything counted so far has arrived, each request once. */
async function expectAll(count: number): Promise<void> {
  await delivered(exporter, count);
  expect(sumOf(collector.accepted, 'orders')).toBe(count);
  expect(exporter.status().account).toMatchObject({
    accepted: count,
    delivered: count,
    logged: 0,
    queued: 0,
  });
}

describe('delivery resumes by itself when the collector', () => {
  test('was killed and comes back on the same port', async () => {
    await start();
    await exportOne();
    collector.vanish();
    await exportOne();
    await exportOne();
    await collector.comeBack();
    await expectAll(3);
  });

  test('was restarted in order', async () => {
    await start();
    await exportOne();
    collector.vanish({ soft: true });
    await exportOne();
    await collector.comeBack();
    await expectAll(2);
  });

  test('accepted connections and never answered', async () => {
    await start({ timeoutMillis: 1000, flushMillis: 100 });
    await exportOne();
    await delivered(exporter, 1);
    await collector.blackHole();
    await exportOne();
    await collector.comeBack();
    await delivered(exporter, 2);
    // Where an answer takes longer than an attempt may, points arrive twice.
    expect(collector.ledger.total('orders')).toBe(2);
    expect(exporter.status().account).toMatchObject({ accepted: 2, delivered: 2, logged: 0, queued: 0 });
  });

  test('breaks the connection in the middle of a call', async () => {
    await start();
    collector.respondOnce(hangUp(), hangUp());
    await exportOne();
    await exportOne();
    await expectAll(2);
  });

  test('takes the data and loses the answer: sent again, a duplicate rather than a loss', async () => {
    await start();
    collector.respondOnce(hangUp({ accepted: true }));
    await exportOne();
    await delivered(exporter, 1);
    expect(sumOf(collector.accepted, 'orders')).toBe(2);
    expect(exporter.status().account).toMatchObject({ accepted: 1, delivered: 1 });
  });

  test('takes smaller requests than we send', async () => {
    await start({}, { maxReceiveBytes: 2000 });
    for (let i = 0; i < 100; i++) orders.add(1, { shop: `shop ${i}` });
    await provider.forceFlush();
    await delivered(exporter, 100);
    expect(sumOf(collector.accepted, 'orders')).toBe(100);
    expect(collector.accepted.every(({ bytes }) => bytes.length <= 2000)).toBe(true);
    expect(exporter.status().account).toMatchObject({ delivered: 100, rejected: 0 });
  });
});

describe('a unix socket', () => {
  test('delivers', async () => {
    collector = await startCollector();
    const path = join(directory, 'otlp.sock');
    const gate = createServer((outside) => {
      const inside = connect(collector.port, '127.0.0.1');
      outside.pipe(inside).pipe(outside);
      for (const socket of [outside, inside]) socket.on('error', () => {});
    });
    await once(gate.listen(path), 'listening');
    exporter = new OtlpMetricExporter(
      { endpoint: `unix:${path}`, temporalityPreference: 'delta' },
      { env: {} },
    );
    ({ provider, orders } = stockSdk([exporter]));
    await exportOne();
    await delivered(exporter, 1);
    expect(sumOf(collector.accepted, 'orders')).toBe(1);
    gate.close();
  });
});

describe('TLS', () => {
  const server = { cert: pem('server'), key: pem('server.key') };

  test('delivers with the authority from a file, and a client certificate', async () => {
    await start(
      { tls: { ca: pemPath('ca'), cert: pemPath('client'), key: pem('client.key') } },
      { tls: { ...server, clientCa: pem('ca') } },
    );
    await exportOne();
    await expectAll(1);
  });

  test('delivers with files from the environment, and grpcs://', async () => {
    collector = await startCollector({ tls: { ...server, clientCa: pem('ca') } });
    exporter = new OtlpMetricExporter(
      { temporalityPreference: 'delta' },
      {
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: `grpcs://localhost:${collector.port}`,
          OTEL_EXPORTER_OTLP_CERTIFICATE: pemPath('ca'),
          OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: pemPath('client'),
          OTEL_EXPORTER_OTLP_CLIENT_KEY: pemPath('client.key'),
        },
      },
    );
    ({ provider, orders } = stockSdk([exporter]));
    await exportOne();
    await expectAll(1);
  });

  // Each is an outage with its own diagnosis, and loses nothing.
  test.each([
    ['an authority that is not trusted', {}, server, /authority that is not trusted/],
    [
      'a certificate for another name',
      { ca: pem('ca') },
      { cert: pem('wrong-name'), key: pem('wrong-name.key') },
      /for another host name/,
    ],
    [
      'an expired certificate',
      { ca: pem('ca') },
      { cert: pem('expired'), key: pem('expired.key') },
      /has expired/,
    ],
    [
      'no client certificate',
      { ca: pem('ca') },
      { ...server, clientCa: pem('ca') },
      /wants a client certificate/,
    ],
    [
      'a client certificate of another authority',
      { ca: pem('ca'), cert: pem('stranger'), key: pem('stranger.key') },
      { ...server, clientCa: pem('ca') },
      /refuses the client certificate|does not trust the client certificate/,
    ],
  ])('%s', async (_, tls, collectorTls, diagnosis) => {
    await start({ tls }, { tls: collectorTls });
    await exportOne();
    await exportOne();
    expect(exporter.status()).toMatchObject({ state: 'backing off', account: { logged: 2 } });
    expect(said).toEqual([expect.stringMatching(diagnosis)]);
  });

  test('plaintext to a TLS port', async () => {
    const { port } = await serve({ tls: server });
    await start({ endpoint: `http://127.0.0.1:${port}` });
    await exportOne();
    expect(said).toEqual([expect.stringMatching(/expects TLS/)]);
  });

  test('TLS to a plaintext port', async () => {
    const { port } = await serve();
    await start({ endpoint: `https://localhost:${port}` });
    await exportOne();
    expect(said).toEqual([expect.stringMatching(/does not speak TLS/)]);
  });
});

test('in the same outage the stock exporter loses points, and this one none', async () => {
  await start();
  const theirs = await startCollector();
  await provider.shutdown();
  const stock = new OTLPMetricExporter({ url: theirs.endpoint, temporalityPreference: 0 });
  exporter = new OtlpMetricExporter(
    { endpoint: collector.endpoint, temporalityPreference: 0, fallback: { directory } },
    { env: {}, logger: { info: () => {}, warn: () => {} } },
  );
  ({ provider, orders } = stockSdk([exporter, stock]));
  let counted = 0;
  const collect = async () => {
    orders.add(1);
    counted++;
    await provider.forceFlush();
  };
  for (let i = 0; i < 3; i++) await collect();
  collector.vanish();
  theirs.vanish();
  for (let i = 0; i < 3; i++) await collect();
  await Promise.all([collector.comeBack(), theirs.comeBack()]);
  await collector.until(({ accepted }) => accepted.length === counted);
  await collect();
  expect(sumOf(collector.accepted, 'orders')).toBe(counted);
  expect(sumOf(theirs.accepted, 'orders')).toBeLessThan(counted);
  await theirs.stop();
});
