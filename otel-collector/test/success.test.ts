import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { encodeBatch } from '../../packages/otlp/src/encode/batch.ts';
import { counter } from '../../packages/otlp/test/encode/fixtures.ts';
import { Otelcol } from './support/otelcol.ts';
import { settled } from './support/pipeline.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const asIs = (bytes: Buffer): Buffer => bytes;

let directory: string;
let collector: Otelcol;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-success-'));
  collector = await (await Otelcol.make(directory)).start();
});
afterAll(async () => {
  await collector.stop();
  rmSync(directory, { recursive: true });
});

test('a success of the Collector has a partial success, present and empty', async () => {
  const [unit] = encodeBatch(counter({}), { maxBytes: 1e6 }).units;
  const client = new Client(`127.0.0.1:${collector.grpcPort}`, credentials.createInsecure());
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest(EXPORT_PATH, asIs, asIs, Buffer.from(unit.bytes), (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  client.close();
  expect(answer?.toString('hex')).toBe('0a00');
});

test('which is a success of all points, and nothing to speak of', async () => {
  const said: string[] = [];
  const exporter = new OtlpMetricExporter(
    { endpoint: collector.endpoint },
    { env: {}, logger: { info: (text) => said.push(text), warn: (text) => said.push(text) } },
  );
  exporter.export(counter({}), () => {});
  await settled(exporter, 1);
  expect(exporter.status().account).toMatchObject({ accepted: 1, delivered: 1, rejected: 0 });
  expect(said).toEqual([]);
  await exporter.shutdown();
});
