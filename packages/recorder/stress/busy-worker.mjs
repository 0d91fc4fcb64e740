// busy-worker.mjs [COLLECTIONS]: a collection while a worker is in an endless loop takes as long as while it is idle.
import { strict as assert } from 'node:assert';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { ended, nextTurn, ok, size } from './support.mjs';

const SERIES = 1_000;

function work() {
  attachWorker();
  const counters = Array.from({ length: SERIES }, (_, series) => counter('counter', { series }));
  const histograms = Array.from({ length: SERIES }, (_, series) => histogram('histogram', { series }));
  const round = (i) => {
    counters[i % SERIES].increment();
    histograms[i % SERIES].record(i % 100);
  };
  for (let i = 0; i < SERIES; i++) round(i);
  parentPort.postMessage('idle');
  parentPort.once('message', (busy) => {
    for (let i = 0; ; i++) {
      round(i);
      Atomics.store(busy, 0, 1);
    }
  });
}

async function main() {
  const collections = size(0, 400);
  const recorder = createRecorder();
  setGlobalRecorder(recorder);
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((resolve) => worker.once('message', resolve));
  const reader = recorder.reader();
  const collect = () => {
    const from = performance.now();
    let series = 0;
    for (const run of reader.collect().chunks(64)) for (const _ of run) series++;
    assert.equal(series, 2 * SERIES);
    return performance.now() - from;
  };
  // The shortest of many, as other processes may be running.
  const shortest = async () => {
    let least = Infinity;
    for (let i = 0; i < collections; i++) {
      least = Math.min(least, collect());
      await nextTurn();
    }
    return least;
  };
  await shortest();
  const idle = await shortest();
  const busy = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage(busy);
  while (Atomics.load(busy, 0) === 0) await nextTurn();
  const spinning = await shortest();
  const end = ended(worker);
  worker.terminate();
  await end;
  assert(spinning < 4 * idle, `${spinning.toFixed(2)} ms against ${idle.toFixed(2)} ms`);
  ok(
    `a collection takes ${idle.toFixed(2)} ms while the worker is idle, ${spinning.toFixed(2)} ms while it loops for ever`,
  );
}

if (isMainThread) await main();
else work();
