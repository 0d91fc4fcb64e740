// A worker that does one thing in a loop while it is told to, and says how often.
import { parentPort, workerData } from 'node:worker_threads';
import 'ostinato/worker';
import { counter, histogram } from '@ostinato/core';

const { mode, flags, done, place } = workerData;
const slots = new Float64Array(64);
const counters = Array.from({ length: 64 }, (_, i) => counter('c', { i }));
const histograms = Array.from({ length: 64 }, (_, i) => histogram('h', { i }));

const LOOPS = {
  bare: (n) => {
    for (let i = 0; i < n; i += 1) slots[i & 63] += 1;
  },
  counter: (n) => {
    for (let i = 0; i < n; i += 4) {
      counters[i & 63].increment();
      counters[(i + 1) & 63].increment();
      counters[(i + 2) & 63].increment();
      counters[(i + 3) & 63].increment();
    }
  },
  histogram: (n) => {
    for (let i = 0; i < n; i += 1) histograms[i & 63].record((i & 1023) + 0.5);
  },
};
const loop = LOOPS[mode];
loop(64);
// As in measure.mjs.
for (let i = 0; i < 2; i += 1) globalThis.gc();
for (let i = 0; i < 2_000; i += 1) loop(100);
for (let i = 0; i < 5; i += 1) loop(50_000);
parentPort.postMessage('ready');

for (let window = 1; ; window += 1) {
  while (Atomics.load(flags, 0) < window) Atomics.wait(flags, 0, window - 1);
  let count = 0;
  while (Atomics.load(flags, 1) < window) {
    loop(10_000);
    count += 10_000;
  }
  done[place] = count;
  parentPort.postMessage('done');
}
