import { Worker } from 'node:worker_threads';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { createRecorder } from '@ostinato/recorder';

export const title = 'Threads: ns an operation, over all workers together';
export const note = `So many workers record at once, each on 64 counters, or histograms, of the same names and labels as the others';
beside them workers that add to bare arrays of their own. The best of many windows of 20 ms, taken in turn.`;
export const unit = 'ns/op';
export const rounds = 2;
export const newerNode = true;
export const columns = [];

const WINDOWS = 40;
const file = new URL('../lib/loop-worker.mjs', import.meta.url);

/** Ready, go and stop are words that all workers see; each tells what it did in a window. */
async function start(mode, workers) {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const done = new Float64Array(new SharedArrayBuffer(8 * 8 * workers));
  const all = [];
  for (let i = 0; i < workers; i += 1) {
    const worker = new Worker(file, { workerData: { mode, flags, done, place: i * 8 } });
    await new Promise((resolve) => worker.once('message', resolve));
    all.push(worker);
  }
  return {
    async window() {
      done.fill(0);
      const from = performance.now();
      Atomics.add(flags, 0, 1);
      Atomics.notify(flags, 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      Atomics.store(flags, 1, flags[0]);
      const answered = all.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
      await Promise.all(answered);
      const elapsed = performance.now() - from;
      return (elapsed * 1e6) / done.reduce((sum, each) => sum + each, 0);
    },
    stop: () => Promise.all(all.map((worker) => worker.terminate())),
  };
}

function at(workers, mode, rival) {
  return {
    rival,
    make: () => ({
      run: async () => {
        setGlobalRecorder(createRecorder());
        for (let i = 0; i < 64; i += 1) {
          counter('c', { i }).increment();
          histogram('h', { i }).record(1);
        }
        const running = await start(mode, workers);
        for (let i = 0; i < 5; i += 1) await running.window();
        const nanos = [];
        for (let i = 0; i < WINDOWS; i += 1) nanos.push(await running.window());
        nanos.sort((a, b) => a - b);
        await running.stop();
        return { min: nanos[0], median: nanos[WINDOWS >> 1] };
      },
    }),
  };
}

export const cases = Object.fromEntries(
  [1, 2, 3, 4].flatMap((workers) => {
    const name = workers === 1 ? '1 worker' : `${workers} workers`;
    return [
      [`${name}: bare typed-array add`, at(workers, 'bare')],
      [`${name}: held counter`, at(workers, 'counter', `${name}: bare typed-array add`)],
      [`${name}: held histogram`, at(workers, 'histogram', `${name}: bare typed-array add`)],
    ];
  }),
);
