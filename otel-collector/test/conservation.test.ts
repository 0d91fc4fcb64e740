import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OtlpMetricExporter, type OtlpMetricExporterOptions } from '@ostinato/otlp';
import { Otelcol } from './support/otelcol.ts';
import { arrived, figures, Pipeline, settled } from './support/pipeline.ts';
import { until } from './support/until.ts';

const fixture = (name: string) => join(__dirname, '../../packages/otlp/test/fixtures/tls', `${name}.pem`);

let directory: string;
let collector: Otelcol;
let exporter: OtlpMetricExporter;
let pipeline: Pipeline;
const said: string[] = [];
const logger = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };

beforeEach(async () => {
  said.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'ostinato-otelcol-'));
  collector = await Otelcol.make(directory);
});
afterEach(async () => {
  await pipeline.provider.shutdown().catch(() => {});
  await collector.stop();
  rmSync(directory, { recursive: true });
});

function deliverTo(options: OtlpMetricExporterOptions = {}): void {
  exporter = new OtlpMetricExporter(
    {
      endpoint: collector.endpoint,
      temporalityPreference: 'delta',
      fallback: { directory: join(directory, 'log') },
      flushMillis: 200,
      ...options,
    },
    { env: {}, logger },
  );
  pipeline = new Pipeline(exporter);
}

/** Everything that was counted is in the Collector's files. */
async function expectAll(): Promise<void> {
  await settled(exporter, pipeline.recorded);
  await collector.stop();
  const { sum, ids, duplicates } = arrived(collector.points());
  figures(`${pipeline.recorded} recorded, ${sum} in the Collector's files, ${duplicates} came twice`);
  expect({ sum, ids }).toEqual({ sum: pipeline.recorded, ids: pipeline.recorded });
  const { account } = exporter.status();
  expect(account).toMatchObject({
    delivered: pipeline.recorded,
    rejected: 0,
    dropped: 0,
    logged: 0,
    queued: 0,
  });
}

describe('the sum of what is recorded is the sum in the files of the Collector', () => {
  test('that is stopped by SIGTERM, again and again, while points are exported', async () => {
    deliverTo();
    let ended = false;
    await collector.start();
    const feeding = (async () => {
      while (!ended) {
        await pipeline.export();
        // Replay leaves 50 ms between two requests: who exports more often than that never comes to an end.
        await delay(100);
      }
    })();
    for (let life = 0; life < 4; life++) {
      const { delivered } = exporter.status().account;
      await until(() => exporter.status().account.delivered > delivered + 50);
      await collector.stop();
      await collector.start();
    }
    ended = true;
    await feeding;
    await expectAll();
  });

  test('that is killed by SIGKILL: what it acknowledged and had not written is its own loss', async () => {
    deliverTo();
    await collector.start();
    await pipeline.export();
    await settled(exporter, pipeline.recorded);
    await collector.stop('SIGKILL');
    for (let i = 0; i < 5; i++) await pipeline.export();
    await collector.start();
    await settled(exporter, pipeline.recorded);
    await collector.stop();
    // All but the first, which it had taken.
    expect(arrived(collector.points()).ids).toBeGreaterThanOrEqual(pipeline.recorded - 10);
  });

  test('that is absent for a minute', async () => {
    deliverTo();
    await collector.start();
    await pipeline.export();
    await collector.stop();
    const back = performance.now() + 60_000;
    while (performance.now() < back) {
      await pipeline.export();
      await delay(500);
    }
    expect(exporter.status().account.logged).toBeGreaterThan(0);
    await collector.start();
    await expectAll();
  });

  test('that refuses by its memory_limiter', async () => {
    deliverTo();
    await collector.start({ refusing: true });
    // It takes in what comes before it first looks at its memory.
    while (exporter.status().state !== 'backing off') await pipeline.export();
    const { delivered } = exporter.status().account;
    for (let i = 0; i < 5; i++) await pipeline.export();
    expect(exporter.status()).toMatchObject({ state: 'backing off', account: { delivered, rejected: 0 } });
    await collector.stop();
    await collector.start();
    await expectAll();
  });
});

describe('its limit of 4 MiB a request', () => {
  test('is never met, where the stock exporter loses the batch', async () => {
    const large = { text: 'x'.repeat(4096) };
    const stock = new OTLPMetricExporter({ url: collector.endpoint, temporalityPreference: 0 });
    deliverTo();
    await collector.start();
    const theirs = new Pipeline(stock);
    await theirs.export(1500, large);
    await theirs.provider.shutdown();
    expect(arrived(collector.points()).sum).toBe(0);
    await pipeline.export(1500, large);
    await expectAll();
  });

  test('is told of a single point that is larger: that is refused, the others arrive', async () => {
    deliverTo({ fallback: false });
    await collector.start();
    pipeline.provider
      .getMeter('orders')
      .createCounter('large')
      .add(1, { text: 'x'.repeat(5 << 20) });
    await pipeline.export();
    await settled(exporter, pipeline.recorded + 1);
    expect(exporter.status().account).toMatchObject({ delivered: pipeline.recorded, rejected: 1 });
    expect(said).toEqual([expect.stringContaining('one point is larger than the receiver takes')]);
    await collector.stop();
    expect(arrived(collector.points()).sum).toBe(pipeline.recorded);
  });
});

describe('TLS', () => {
  const server = { cert: fixture('server'), key: fixture('server.key') };
  const endpoint = () => `https://localhost:${collector.grpcPort}`;

  test('delivers, over restarts', async () => {
    deliverTo({ endpoint: endpoint(), tls: { ca: fixture('ca') } });
    await collector.start({ tls: server });
    await pipeline.export();
    await collector.stop();
    await pipeline.export();
    await collector.start({ tls: server });
    await expectAll();
  });

  test('with client certificates delivers', async () => {
    const tls = { ca: fixture('ca'), cert: fixture('client'), key: fixture('client.key') };
    deliverTo({ endpoint: endpoint(), tls });
    await collector.start({ tls: { ...server, clientCa: fixture('ca') } });
    await pipeline.export();
    await expectAll();
  });

  test('goes on with certificates that are renewed while the Collector already wants the new ones', async () => {
    const path = (name: string) => join(directory, `${name}.pem`);
    const place = (name: string) => {
      copyFileSync(fixture(name), path('cert'));
      copyFileSync(fixture(`${name}.key`), path('key'));
    };
    place('client');
    const tls = { ca: fixture('ca'), cert: path('cert'), key: path('key') };
    deliverTo({ endpoint: endpoint(), tls });
    await collector.start({ tls: { ...server, clientCa: fixture('ca') } });
    await pipeline.export();
    await settled(exporter, pipeline.recorded);
    await collector.stop();
    await collector.start({ tls: { ...server, clientCa: fixture('other-ca') } });
    await pipeline.export();
    await until(() => said.some((text) => /client certificate/.test(text)));
    expect(exporter.status().account).toMatchObject({ logged: 10, rejected: 0 });
    place('stranger');
    await expectAll();
  });

  test.each([
    ['without the certificate that the Collector wants', {}, /wants a client certificate/],
    [
      'with one that it does not trust',
      { cert: fixture('stranger'), key: fixture('stranger.key') },
      /refuses the client certificate|does not trust the client certificate/,
    ],
  ])('%s keeps everything, says why, and delivers when it is right', async (_, tls, diagnosis) => {
    deliverTo({ endpoint: endpoint(), tls: { ca: fixture('ca'), ...tls } });
    await collector.start({ tls: { ...server, clientCa: fixture('ca') } });
    await pipeline.export();
    expect(exporter.status().account).toMatchObject({ delivered: 0, rejected: 0, logged: pipeline.recorded });
    expect(said).toEqual([expect.stringMatching(diagnosis)]);
    await collector.stop();
    await collector.start({ tls: server });
    await expectAll();
  });
});
