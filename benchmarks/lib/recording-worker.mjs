// A worker that records on the recorder of the main thread: for ever, or as a case of its own.
import { parentPort, workerData } from 'node:worker_threads';
import 'ostinato/worker';
import { counter } from '@ostinato/core';
import { measure } from './measure.mjs';

const held = Array.from({ length: 64 }, (_, i) => counter('c', { i }));
const op = (n) => {
  for (let i = 0; i < n; i += 4) {
    held[i & 63].increment();
    held[(i + 1) & 63].increment();
    held[(i + 2) & 63].increment();
    held[(i + 3) & 63].increment();
  }
};

if (workerData === 'measure') parentPort.postMessage(measure(op));
else {
  op(64);
  parentPort.postMessage('recording');
  for (;;) op(1_000_000);
}
