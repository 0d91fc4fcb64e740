import dns from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { Door } from '../../packages/testing/src/collector/door.ts';
import { Otelcol } from './support/otelcol.ts';
import { arrived, figures, Pipeline, settled } from './support/pipeline.ts';
import { until } from './support/until.ts';

/*
 * Our exporter and the stock one through the same outage, each by a way of its own to the same Collector. Where the stock
 * exporter's wait is by its design longer than ours, the Collector returns just after the stock one tried: what is compared
 * are the waits of two clients in one process, and no time is.
 */

/** The stock exporter is not waited for any longer. */
const PATIENCE_MILLIS = 30_000;

let directory: string;
let collector: Otelcol;
let ours: Door;
let theirs: Door;
let exporter: OtlpMetricExporter;
let stock: OTLPMetricExporter;
let pipeline: Pipeline;
let stockPipeline: Pipeline;
/** Successes of the stock exporter. */
let stockDelivered: number;
let feeding: NodeJS.Timeout | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-recovery-'));
  collector = await (await Otelcol.make(directory)).start();
  [ours, theirs] = [new Door(collector.grpcPort, () => {}), new Door(collector.grpcPort, () => {})];
  await ours.listen(0);
  await theirs.listen(0);
});
afterEach(async () => {
  clearInterval(feeding);
  await pipeline.provider.shutdown();
  void stockPipeline.provider.shutdown().catch(() => {});
  for (const door of [ours, theirs]) {
    door.close();
    door.hangUpAll();
  }
  await collector.stop();
  rmSync(directory, { recursive: true });
  jest.restoreAllMocks();
});

/** Both export every half second, and both have delivered. */
async function startBoth(
  endpoint = `http://127.0.0.1:${ours.port}`,
  stockEndpoint = `http://127.0.0.1:${theirs.port}`,
): Promise<void> {
  exporter = new OtlpMetricExporter(
    {
      endpoint,
      temporalityPreference: 'delta',
      fallback: { directory: join(directory, 'log') },
      flushMillis: 200,
    },
    { env: {}, logger: { info: () => {}, warn: () => {} } },
  );
  stock = new OTLPMetricExporter({ url: stockEndpoint, temporalityPreference: 0 });
  stockDelivered = 0;
  const send = stock.export.bind(stock);
  stock.export = (metrics, callback) =>
    send(metrics, (result) => {
      if (result.code === 0) stockDelivered++;
      callback(result);
    });
  pipeline = new Pipeline(exporter);
  stockPipeline = new Pipeline(stock);
  feeding = setInterval(() => {
    for (const one of [pipeline, stockPipeline]) void one.export(1).catch(() => {});
  }, 500);
  await until(() => exporter.status().account.delivered > 0 && stockDelivered > 0);
}

/** Milliseconds from now to the next delivery of each; Infinity for a stock one that was not waited for. */
async function recoveries(title: string): Promise<{ ours: number; stock: number }> {
  const from = performance.now();
  const [before, stockBefore] = [exporter.status().account.delivered, stockDelivered];
  const took = { ours: Number.POSITIVE_INFINITY, stock: Number.POSITIVE_INFINITY };
  const elapsed = () => performance.now() - from;
  await until(() => {
    if (took.ours > elapsed() && exporter.status().account.delivered > before) took.ours = elapsed();
    if (took.stock > elapsed() && stockDelivered > stockBefore) took.stock = elapsed();
    return took.ours < elapsed() && (took.stock < elapsed() || elapsed() > PATIENCE_MILLIS);
  });
  const seconds = (millis: number) =>
    millis < Infinity ? `${(millis / 1000).toFixed(1)} s` : `not in ${PATIENCE_MILLIS / 1000} s`;
  figures(`${title}: ours ${seconds(took.ours)}, the stock exporter ${seconds(took.stock)}`);
  return took;
}

/** All that our pipeline recorded is with the Collector. */
async function expectAll(): Promise<void> {
  clearInterval(feeding);
  await pipeline.provider.forceFlush();
  await settled(exporter, pipeline.recorded);
  await pipeline.provider.shutdown();
  await collector.stop();
  // Both count with the same ids; ours are of the exporter that says so.
  expect(exporter.status().account).toMatchObject({ delivered: pipeline.recorded, rejected: 0, dropped: 0 });
  expect(arrived(collector.points()).ids).toBeGreaterThanOrEqual(pipeline.recorded);
}

test('after an outage of more than a minute', async () => {
  await startBoth();
  await collector.stop();
  await delay(60_000);
  const attempts = theirs.accepted;
  await until(() => theirs.accepted > attempts);
  await collector.start();
  const took = await recoveries('back after more than a minute');
  expect(took.ours).toBeLessThan(took.stock);
  await expectAll();
});

test('of a Collector that was frozen', async () => {
  await startBoth();
  collector.freeze();
  await delay(15_000);
  collector.thaw();
  // What stood still goes on for both; the stock exporter has given up on some of it.
  await recoveries('thawed after 15 s');
  await expectAll();
});

test('from a connection on which nothing passes any more, while others would work', async () => {
  await startBoth();
  for (const door of [ours, theirs]) door.freeze();
  const took = await recoveries('connection frozen');
  expect(took.ours).toBeLessThan(took.stock);
  await expectAll();
});

test('of a peer that took connections and never answered', async () => {
  await startBoth();
  for (const door of [ours, theirs]) {
    door.close();
    door.hangUpAll();
    await door.listen(0, { swallowing: true });
  }
  await delay(15_000);
  const attempts = theirs.accepted;
  await until(() => theirs.accepted > attempts);
  // Those that were swallowed stay so.
  for (const door of [ours, theirs]) await door.listen(0);
  const took = await recoveries('answers again');
  expect(took.ours).toBeLessThan(took.stock);
  await expectAll();
});

test('of a name that moved to another address', async () => {
  const addresses = { 'ours.invalid': '127.0.0.1', 'stock.invalid': '127.0.0.1' };
  let stockLookups = 0;
  const lookup = jest.spyOn(dns.promises, 'lookup') as unknown as jest.SpyInstance;
  lookup.mockImplementation(async (name: keyof typeof addresses) => {
    if (name === 'stock.invalid') stockLookups++;
    return [{ address: addresses[name], family: 4 }];
  });
  await startBoth(`http://ours.invalid:${collector.grpcPort}`, `http://stock.invalid:${collector.grpcPort}`);
  await collector.stop();
  const lookups = stockLookups;
  await until(() => stockLookups > lookups);
  await collector.start({ host: '127.0.0.2' });
  addresses['ours.invalid'] = addresses['stock.invalid'] = '127.0.0.2';
  const took = await recoveries('moved to another address');
  expect(took.ours).toBeLessThan(took.stock);
  await expectAll();
});
