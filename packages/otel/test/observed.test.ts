import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { observeCounter, observeGauge, scope } from '@ostinato/core';
import { decodePoints, startCollector } from '@ostinato/testing';
import { start } from '../src/start.ts';

test('observed values reach the collector as they are at each export, the last one at shutdown', async () => {
  const collector = await startCollector();
  const stateHome = mkdtempSync(join(tmpdir(), 'ostinato-otel-'));
  const environment = { ...process.env };
  process.env.XDG_STATE_HOME = stateHome;
  const said: string[] = [];
  const note = (text: string) => said.push(text);
  diag.setLogger({ error: note, warn: note, info() {}, debug() {}, verbose() {} });
  let depth = 1;
  const early = observeGauge('queue.depth', { queue: 'mail' }, () => depth);
  const sdk = start({ interval: 3_600_000, exporter: { endpoint: collector.endpoint } });
  const observations = [
    early,
    observeGauge('queue.depth', { queue: 'broken' }, () => {
      throw new Error('closed');
    }),
    scope({ name: 'acme-db' }).observeCounter('bytes', () => depth * 100),
    observeCounter('cpu', () => depth / 4),
  ];
  try {
    await sdk.forceFlush();
    depth = 2;
    await sdk.forceFlush();
    early.stop();
    depth = 3;
    await sdk.shutdown();
    const points = collector.accepted.flatMap(({ bytes }) => decodePoints(bytes));
    const valuesOf = (name: string) =>
      points.filter(({ metric }) => metric === name).map(({ value }) => value);
    expect(valuesOf('queue.depth')).toEqual([1, 2, 2]);
    expect(valuesOf('bytes')).toEqual([100, 200, 300]);
    expect(valuesOf('cpu')).toEqual([0.25, 0.5, 0.75]);
    expect(points.find(({ metric }) => metric === 'bytes')).toMatchObject({
      scope: { name: 'acme-db' },
      monotonic: true,
    });
    expect(sdk.recorder.refusals()).toEqual({ callback: 3 });
    expect(said).toEqual([
      "observed gauge 'queue.depth': the callback threw 'closed'. It is not recorded. [OSTINATO_CALLBACK]",
    ]);
  } finally {
    for (const observation of observations) observation.stop();
    await sdk.shutdown().catch(() => {});
    process.env = environment;
    diag.disable();
    await collector.stop();
    rmSync(stateHome, { recursive: true });
  }
});
