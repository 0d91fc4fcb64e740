// short-lived.mjs [WORKERS]: workers come and go, one after the other crashing, exiting, or starting workers of their own.
// Totals stay exact, and memory stays where it was after the first ones.
import { strict as assert } from 'node:assert';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { counter, gauge, histogram, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { Audit, ended, ok, size } from './support.mjs';

const AT_ONCE = 4;
const SERIES = 200;
const ENDS = ['returns', 'throws', 'exits', 'has a child', 'leaves its child behind'];

async function work({ end, lane, depth }) {
  const attached = attachWorker();
  if (attached !== 'attached') process.exit(7);
  counter('workers').increment();
  gauge('running').increment();
  gauge('lane', { lane }).set(lane);
  for (let series = 0; series < SERIES; series++) {
    counter('counter', { series }).increment(0.1);
    histogram('exponential', { series }).record(series + 0.3);
    histogram('explicit', { series: series % 10 }).record(series);
  }
  gauge('running').decrement();
  if (end === 'throws') throw new Error('as it should');
  if (end === 'exits') process.exit(3);
  if (depth > 0 && end.endsWith('child')) {
    await ended(new Worker(new URL(import.meta.url), { workerData: { end, lane, depth: depth - 1 } }));
  }
  if (end.startsWith('leaves')) {
    const child = new Worker(new URL(import.meta.url), { workerData: { end: 'stays', lane, depth: 0 } });
    await new Promise((resolve) => child.once('message', resolve));
    process.exit(0);
  }
  if (end === 'stays') {
    const { parentPort } = await import('node:worker_threads');
    parentPort.postMessage('recorded');
    parentPort.on('message', () => {});
  }
}

/** How many workers one of an end comes to. */
const COUNT = { returns: 1, throws: 1, exits: 1, 'has a child': 3, 'leaves its child behind': 2 };

async function main() {
  const workers = size(0, 320);
  const recorder = createRecorder({ buckets: { explicit: [1, 10, 100] }, maxMemory: 4 * 2 ** 20 });
  setGlobalRecorder(recorder);
  const audit = new Audit(recorder);
  const memory = () => {
    globalThis.gc?.();
    return { arena: recorder.memory, heap: process.memoryUsage().heapUsed };
  };
  let next = 0;
  let expected = 0;
  let early;
  async function run(lane) {
    while (next < workers) {
      const end = ENDS[next++ % ENDS.length];
      const code = await ended(
        new Worker(new URL(import.meta.url), { workerData: { end, lane, depth: 2 }, stderr: true }),
      );
      assert.notEqual(code, 7, 'a worker that was not attached');
      expected += COUNT[end];
      audit.collect();
      if (next === Math.ceil(workers / 2)) early = memory();
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => run(lane)));
  audit.settle();
  const late = memory();

  assert.equal(audit.read('workers').value, expected);
  assert.equal(audit.read('running').value, 0);
  for (let lane = 0; lane < AT_ONCE; lane++) assert.equal(audit.read('lane', { lane }).value, lane);
  for (let series = 0; series < SERIES; series++) {
    assert(Math.abs(audit.read('counter', { series }).value - expected * 0.1) < 1e-6);
    const { count, sum, min, max } = audit.read('exponential', { series });
    assert.equal(count, expected);
    assert(Math.abs(sum - expected * (series + 0.3)) < 1e-3);
    assert.deepEqual([min, max], [series + 0.3, series + 0.3]);
  }
  for (let series = 0; series < 10; series++) {
    assert.equal(audit.read('explicit', { series }).count, (expected * SERIES) / 10);
  }
  assert(late.arena <= 8 * 65_536, `the arena holds ${late.arena} bytes`);
  const grown = (late.heap - early.heap) / 1024;
  assert(grown < 1024, `the heap has grown by ${grown.toFixed(0)} KiB in the second half`);
  ok(
    `${expected} workers came and went: totals are exact, ${late.arena / 1024} KiB of the arena in use, heap ${grown.toFixed(0)} KiB larger than halfway`,
  );
}

if (isMainThread) await main();
else await work(workerData);
