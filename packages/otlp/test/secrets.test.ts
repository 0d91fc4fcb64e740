/** A hostile run, everything it says and leaves, and no secret in it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import { hangUp, startCollector, status } from '@ostinato/testing';
import type { OtlpMetricExporterOptions } from '../src/config/options.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import type { ExportResult } from '../src/deliver/accept.ts';
import { OtlpMetricExporter } from '../src/exporter.ts';
import { until } from './support/delivered.ts';
import { batchOf } from './support/rig.ts';

const SECRET = 'hunter2-s3cr3t';
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures/tls', `${name}.pem`), 'utf8');
const KEY = fixture('client.key');
/** The key without its first line, which is in every key. */
const KEY_BODY = KEY.split('\n')[1] ?? '';

/** Everything that a person or a tool may come to see of a value. */
function shown(value: unknown): string {
  const deep = inspect(value, { depth: 20, showHidden: true, getters: true });
  const custom = inspect(value);
  let json = '';
  try {
    json = JSON.stringify(value) ?? '';
  } catch {
    // What cannot be serialized is not shown that way.
  }
  const { message = '', stack = '' } = (value ?? {}) as Partial<Error>;
  return [deep, custom, json, message, stack, String(value)].join('\n');
}

function expectNoSecret(...values: unknown[]): void {
  for (const value of values) {
    const text = shown(value);
    expect(text.includes(SECRET)).toBe(false);
    expect(text.includes(KEY_BODY)).toBe(false);
  }
}

const metadata = new Metadata();
metadata.set('x-secret', SECRET);

// The right shapes with secrets in them, and wrong ones as people write them.
const VALID: readonly OtlpMetricExporterOptions[] = [
  { headers: { authorization: `Bearer ${SECRET}` } },
  { headers: () => ({ authorization: SECRET }) },
  { metadata },
  { endpoint: 'https://localhost:4317', tls: { ca: fixture('ca'), cert: fixture('client'), key: KEY } },
  {
    endpoint: 'https://localhost',
    credentials: ChannelCredentials.createSsl(null, Buffer.from(KEY), Buffer.from(fixture('client'))),
  },
];
const INVALID: readonly object[] = [
  { endpoint: `https://user:${SECRET}@collector:4317` },
  { url: `http://${SECRET}@collector` },
  { endpoint: `http://collector:99999/?token=${SECRET}` },
  { endpoint: [SECRET] },
  { endpoint: { url: SECRET } },
  { headers: { authorization: `${SECRET}\n` } },
  { headers: { a: { token: SECRET } } },
  { headers: `authorization=${SECRET}` },
  { headers: [['authorization', SECRET]] },
  { headers: new Map([['authorization', SECRET]]) },
  { metadata: { authorization: SECRET } },
  { credentials: SECRET },
  { credentials: { key: SECRET } },
  { endpoint: 'https://c', tls: { key: KEY } },
  { endpoint: 'https://c', tls: { cert: KEY, key: KEY } },
  { endpoint: 'https://c', tls: { ca: `-----BEGIN CERTIFICATE-----\n${SECRET}` } },
  { endpoint: 'https://c', tls: { key: { pem: SECRET } } },
  { endpoint: 'http://c', tls: { cert: fixture('client'), key: KEY } },
];
const ENVIRONMENTS: readonly Record<string, string>[] = [
  { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${SECRET}` },
  { OTEL_EXPORTER_OTLP_HEADERS: `authorization=%${SECRET},${SECRET},${SECRET}-bin=1,=${SECRET}` },
  { OTEL_EXPORTER_OTLP_METRICS_HEADERS: `a b=${SECRET}`, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: `https://user:${SECRET}@collector:4317` },
  { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `ftp://${SECRET}` },
  {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c',
    OTEL_EXPORTER_OTLP_CERTIFICATE: SECRET,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: KEY,
  },
  { OTEL_EXPORTER_OTLP_TIMEOUT: SECRET, OTEL_EXPORTER_OTLP_COMPRESSION: SECRET },
  { OTEL_EXPORTER_OTLP_PROTOCOL: SECRET, OTEL_EXPORTER_OTLP_INSECURE: SECRET },
  { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: SECRET },
];

test.each(VALID)('what is configured is not shown: %#', async (options) => {
  const said: string[] = [];
  const config = resolveConfig(options, {}, (text) => said.push(text));
  const exporter = new OtlpMetricExporter(options, {
    env: {},
    logger: { info: (text) => said.push(text), warn: (text) => said.push(text) },
  });
  expectNoSecret(config, { config }, { ...config }, exporter, exporter.status(), said);
  await exporter.shutdown();
});

test.each(INVALID)('what cannot be used is refused without being shown: %#', (options) => {
  const said: string[] = [];
  let error: unknown;
  try {
    resolveConfig(options, {}, (text) => said.push(text));
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'OSTINATO_INVALID_OPTION' });
  expectNoSecret(error, said);
});

test.each(ENVIRONMENTS)('nor is the environment: %#', (env) => {
  const said: string[] = [];
  expectNoSecret(
    resolveConfig({}, env, (text) => said.push(text)),
    said,
  );
});

test('through refusals, broken connections, an expired token, a failing callback and the log', async () => {
  const collector = await startCollector();
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-secrets-'));
  const said: string[] = [];
  const results: ExportResult[] = [];
  let broken = false;
  const logger = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const exporter = new OtlpMetricExporter(
    {
      endpoint: collector.endpoint,
      headers: () => {
        if (broken) throw Object.assign(new Error(`token ${SECRET}`), { config: SECRET });
        return { authorization: SECRET };
      },
      fallback: { directory },
      retry: { maxMillis: 20 },
      acceptMillis: 20,
      flushMillis: 100,
    },
    { env: {}, logger },
  );
  const send = (id: string) =>
    new Promise<void>((resolve) =>
      exporter.export(batchOf([id]), (result) => {
        results.push(result);
        resolve();
      }),
    );
  collector.respondOnce(
    status('INVALID_ARGUMENT', { details: 'no such thing' }),
    hangUp(),
    status('INTERNAL'),
  );
  for (const id of ['a', 'b', 'c']) await send(id);
  await until(() => exporter.status().account.logged === 0);
  broken = true;
  await send('d');
  broken = false;
  collector.respond(status('UNAUTHENTICATED', { details: 'token expired' }));
  await until(() => exporter.status().state === 'paused');
  await send('e');
  collector.vanish();
  await exporter.shutdown();
  await collector.stop();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  expect(files.length).toBeGreaterThan(1);
  expect(said.length).toBeGreaterThan(3);
  expectNoSecret(
    exporter,
    exporter.status(),
    ...said,
    ...results,
    ...results.map(({ error }) => error),
    ...files,
  );
  rmSync(directory, { recursive: true });
});

test('a file of certificates that cannot be used is named, and not shown', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-secrets-'));
  const path = join(directory, 'ca.pem');
  writeFileSync(path, `-----BEGIN CERTIFICATE-----\n${SECRET}\n`);
  const said: string[] = [];
  expectNoSecret(
    resolveConfig({ endpoint: 'https://c' }, { OTEL_EXPORTER_OTLP_CERTIFICATE: path }, (text) =>
      said.push(text),
    ),
    said,
  );
  expect(said).toHaveLength(1);
  rmSync(directory, { recursive: true });
});
