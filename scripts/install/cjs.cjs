// The same in CommonJS, and one recorder for both copies of the packages.
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { startCollector } = require('@ostinato/testing');
const { counter, start } = require('ostinato');

async function main() {
  const esm = await import('ostinato');
  const collector = await startCollector();
  const running = start({
    serviceName: 'consumer',
    exporter: { endpoint: collector.endpoint, fallback: false },
  });
  counter('requests').increment(1);
  esm.counter('requests').increment(2);
  const inWorker = "require('ostinato/worker'); require('ostinato').counter('requests').increment(4);";
  await once(new Worker(inWorker, { eval: true }), 'exit');
  await running.forceFlush();
  await running.shutdown();
  assert.equal(collector.points().findLast((point) => point.metric === 'requests')?.value, 7);
  await collector.stop();
}
void main();
