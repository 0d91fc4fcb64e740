import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { counter } from '@ostinato/core';
import { type Collector, startCollector, status, success } from '@ostinato/testing';
import type { StartOptions } from '../src/options.ts';
import type { Running } from '../src/running.ts';
import { start as startSdk } from '../src/start.ts';

const HOUR = 3_600_000;
const environment = { ...process.env };
let collector: Collector;
let stateHome: string;
let sdk: Running;

beforeEach(async () => {
  collector = await startCollector();
  stateHome = mkdtempSync(join(tmpdir(), 'ostinato-self-'));
  process.env.XDG_STATE_HOME = stateHome;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.endpoint;
  const ignore = () => {};
  diag.setLogger({ error: ignore, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
});
afterEach(async () => {
  await sdk.shutdown().catch(() => {});
  diag.disable();
  process.env = { ...environment };
  await collector.stop();
  rmSync(stateHome, { recursive: true });
});

function start(options: StartOptions = {}): void {
  sdk = startSdk({ interval: HOUR, signals: false, ...options });
}

/** Records something and exports it. */
async function work(): Promise<void> {
  counter('orders').increment();
  await sdk.forceFlush();
}

/** What the collector has of a series of ours; undefined if it has none. */
function told(metric: string, attributes = {}): number | undefined {
  const { ledger } = collector;
  return ledger.series(metric, attributes).length === 0 ? undefined : ledger.total(metric, attributes);
}

describe.each(['cumulative', 'delta', 'lowmemory'] as const)('temporality %s', (temporalityPreference) => {
  test('requests, points and the recorder are told of', async () => {
    start({ exporter: { temporalityPreference }, recorder: { cardinality: { perMetric: 3 } } });
    for (let i = 0; i < 5; i++) counter('users', { id: i }).increment();
    counter('orders').increment(-1);
    counter('orders').increment(Number.NaN);
    for (let i = 0; i < 4; i++) await work();
    expect(told('ostinato.export.attempts', { 'rpc.grpc.status_code': 0 })).toBe(3);
    expect(told('ostinato.export.points', { outcome: 'sent' })).toBeGreaterThan(5);
    expect(told('ostinato.export.points', { outcome: 'rejected' })).toBeUndefined();
    expect(told('metrics.export_latency')).toBeGreaterThan(0);
    expect(told('ostinato.queue.points')).toBe(0);
    expect(told('ostinato.log.bytes')).toBe(0);
    expect(told('ostinato.series')).toBeGreaterThan(5);
    expect(told('ostinato.overflow', { metric: 'users' })).toBe(1);
    expect(told('ostinato.overflow', { metric: 'orders' })).toBeUndefined();
    expect(told('ostinato.refused', { reason: 'negative' })).toBe(1);
    expect(told('ostinato.refused', { reason: 'not_a_number' })).toBe(1);
    expect(told('ostinato.collect.duration')).toBe(3);
    const scopes = collector.ledger.series().map(({ metric, scope }) => [metric, scope.name]);
    for (const [metric, scope] of scopes) {
      if (scope === '@ostinato/recorder')
        expect(metric).toMatch(/^ostinato\.(collect\.duration|series|overflow|refused)$/);
      else if (scope === '@ostinato/otlp')
        expect(metric).toMatch(/^(metrics\.export_latency|ostinato\.(export|queue|log)\.)/);
      else expect(metric).toMatch(/^(orders|users)$/);
    }
  });

  test('an outage and a refusal are told of when they are over', async () => {
    start({ exporter: { temporalityPreference, retry: { maxMillis: 5 } } });
    collector.respondOnce(status('INVALID_ARGUMENT'));
    await work();
    collector.respond(status('UNAVAILABLE'));
    await work();
    await work();
    collector.respond(success());
    await collector.until(({ accepted }) => accepted.length >= 2);
    await work();
    await work();
    expect(told('ostinato.export.attempts', { 'rpc.grpc.status_code': 3 })).toBe(1);
    expect(told('ostinato.export.attempts', { 'rpc.grpc.status_code': 14 })).toBeGreaterThan(0);
    expect(told('ostinato.export.points', { outcome: 'rejected' })).toBeGreaterThan(0);
    const waited = collector.points().filter(({ metric }) => metric === 'ostinato.queue.points');
    expect(Math.max(...waited.map(({ value }) => value))).toBeGreaterThan(0);
    expect(told('ostinato.queue.points')).toBe(0);
  });
});

test('an idle service in delta temporality does not export what its own exports changed', async () => {
  start({ exporter: { temporalityPreference: 'delta' } });
  await work();
  const { length } = collector.requests;
  for (let i = 0; i < 5; i++) await sdk.forceFlush();
  expect(collector.requests).toHaveLength(length);
  await work();
  expect(told('ostinato.export.attempts', { 'rpc.grpc.status_code': 0 })).toBe(1);
  expect(collector.requests).toHaveLength(length + 1);
});
