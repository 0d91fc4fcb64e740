import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { OtlpMetricExporter } from '@ostinato/otlp';
import fc from 'fast-check';
import { encodeBatch } from '../../packages/otlp/src/encode/batch.ts';
import { toLine } from '../../packages/otlp/src/encode/json-lines.ts';
import type { MetricsBatch } from '../../packages/otlp/src/encode/sdk-types.ts';
import { openLog } from '../../packages/otlp/src/log/open.ts';
import { batch } from '../../packages/otlp/test/encode/arbitraries.ts';
import { Otelcol } from './support/otelcol.ts';
import { figures } from './support/pipeline.ts';
import { until } from './support/until.ts';

let directory: string;
let collector: Otelcol;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ostinato-lines-'));
  collector = await (await Otelcol.make(directory)).start();
});
afterAll(async () => {
  await collector.stop();
  rmSync(directory, { recursive: true });
});

async function post(line: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${collector.httpPort}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: line,
  });
  return { status: response.status, body: await response.text() };
}

/** What the Collector wrote of these lines, which it takes in order. */
async function echo(lines: readonly string[]): Promise<object[]> {
  const before = collector.requests().length;
  for (const line of lines) expect(await post(line)).toEqual({ status: 200, body: '{"partialSuccess":{}}' });
  await until(() => collector.requests().length >= before + lines.length);
  return collector.requests().slice(before);
}

/** Keys that a log adds to a line. */
const OF_THE_LOG = ['points', 'crc', 'segment'];
/** Here present or absent makes a difference: members of a oneof, and optional fields. */
const OPTIONAL = /^(value|asInt|asDouble|\w+Value|sum|min|max)$/;

/** OTLP JSON as both sides mean it: the Collector leaves out what has the protocol's default value. */
function meant(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meant);
  if (value === '-0') return -0;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value)
    .filter(([name]) => !OF_THE_LOG.includes(name))
    .map(([name, field]) => [name, name.endsWith('Id') ? String(field).toLowerCase() : meant(field)] as const)
    .filter(([name, field]) => OPTIONAL.test(name) || !isDefault(field));
  return Object.fromEntries(fields);
}

function isDefault(field: unknown): boolean {
  if (typeof field === 'object' && field !== null) return Object.keys(field).length === 0;
  return field === '' || field === '0' || field === false || Object.is(field, 0);
}

test('every line of a log that an outage left is accepted and comes out equal', async () => {
  const log = join(directory, 'log');
  const exporter = new OtlpMetricExporter(
    { endpoint: 'http://127.0.0.1:9', fallback: { directory: log }, flushMillis: 0 },
    { env: {}, logger: { info: () => {}, warn: () => {} } },
  );
  for (const given of fc.sample(batch, { numRuns: 50, seed: 1 })) {
    await new Promise<void>((resolve) => exporter.export(given, () => resolve()));
  }
  await exporter.shutdown();
  const lines = readdirSync(log, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(log, file), 'utf8').split('\n').slice(0, -1));
  const headers = lines.filter((line) => line.startsWith('{"resourceMetrics":[],'));
  const units = lines.filter((line) => !headers.includes(line));
  expect(headers.length).toBeGreaterThan(0);
  expect(units.length).toBeGreaterThan(20);
  for (const line of headers) expect((await post(line)).status).toBe(200);
  const written = await echo(units);
  figures(`${headers.length} headers and ${units.length} lines of a log were accepted`);
  expect(written.map(meant)).toEqual(units.map((line) => meant(JSON.parse(line))));
});

test('every line of its packed segments too', async () => {
  const log = join(directory, 'packed');
  const chores: (() => Promise<void>)[] = [];
  const opened = openLog({
    directory: log,
    segmentBytes: 64 * 1024,
    clock: {
      now: Date.now,
      repeat(_, chore) {
        chores.push(chore);
        return () => {};
      },
    },
  });
  const line = opened.line('orders');
  for (const given of fc.sample(batch, { numRuns: 200, seed: 2 })) {
    const { units } = encodeBatch(given, { maxBytes: 256 * 1024 });
    expect(line.append(units).stored).toBe(true);
  }
  for (const chore of chores) await chore();
  opened.close();
  const packed = readdirSync(log, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl.gz'))
    .sort();
  expect(packed.length).toBeGreaterThan(1);
  const units = packed.flatMap((file) => {
    const [header, ...rest] = gunzipSync(readFileSync(join(log, file)))
      .toString()
      .split('\n')
      .slice(0, -1);
    expect(header).toMatch(/^\{"resourceMetrics":\[\],/);
    return rest;
  });
  const written = await echo(units);
  figures(`${units.length} lines of ${packed.length} packed segments were accepted`);
  expect(written.map(meant)).toEqual(units.map((text) => meant(JSON.parse(text))));
});

test('whatever the lines hold', async () => {
  await fc.assert(
    fc.asyncProperty(batch, async (given: MetricsBatch) => {
      const { units } = encodeBatch(given, { maxBytes: 256 * 1024 });
      const lines = units.map(toLine);
      const written = await echo(lines);
      expect(written.map(meant)).toEqual(lines.map((line) => meant(JSON.parse(line))));
    }),
    { numRuns: 100 },
  );
});
