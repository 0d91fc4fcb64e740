import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Collector, type Point, startCollector } from '@ostinato/testing';

let collector: Collector;
let state: string;
beforeAll(async () => {
  collector = await startCollector();
  state = mkdtempSync(join(tmpdir(), 'ostinato-example-'));
});
afterAll(async () => {
  await collector.stop();
  rmSync(state, { recursive: true, force: true });
});

test('what the workers of a pool record, crashed ones included, arrives as one view', async () => {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, XDG_STATE_HOME: state };
  const main = join(__dirname, '../dist/main.js');
  const args = ['--images', '60', '--width', '64', '--workers', '3'];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env });
  expect(stdout).toContain('58 of 60 images hashed by 3 workers');

  const last = (metric: string, step?: string): Point | undefined =>
    collector.points().findLast((point) => point.metric === metric && point.attributes.step === step);
  expect(last('images')?.value).toBe(60);
  expect(last('pixels')?.value).toBe(58 * 64 * 64);
  expect(last('workers.busy')?.value).toBe(0);
  expect(last('workers.crashed')?.value).toBe(2);
  for (const step of ['draw', 'shrink', 'hash']) expect(last('step.duration', step)?.count).toBe(58);
});
