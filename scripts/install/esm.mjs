// A service in ESM: facade, start(), delivery over a real socket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { startCollector } from '@ostinato/testing';
import { counter, defineHistogram, start } from 'ostinato';

const early = counter('early', { from: 'module scope' });
const latency = defineHistogram('latency', { unit: 'ms', labels: ['route'] });

const collector = await startCollector();
const { forceFlush, shutdown } = start({
  serviceName: 'consumer',
  exporter: { endpoint: collector.endpoint, fallback: false },
});
early.increment(2);
latency.with({ route: '/' }).record(12.5);
const inWorker =
  "import { counter } from 'ostinato'; import 'ostinato/worker'; counter('threads').increment();";
writeFileSync('worker.mjs', inWorker);
await once(new Worker('./worker.mjs'), 'exit');
await forceFlush();
await shutdown();

const points = collector.points();
assert.equal(points.findLast((point) => point.metric === 'early')?.value, 2);
assert.equal(points.findLast((point) => point.metric === 'latency')?.count, 1);
assert.equal(points.findLast((point) => point.metric === 'threads')?.value, 1);
await collector.stop();
