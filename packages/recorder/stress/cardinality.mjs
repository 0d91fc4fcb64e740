// cardinality.mjs [SETS]: two workers record on ever new label sets, of one metric and spread over a thousand, while a
// cumulative and a delta reader collect without pause. The series stay within the limits, the totals are exact, and
// memory does not grow once the limits are reached.
import { strict as assert } from 'node:assert';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { counter, setGlobalRecorder, setReporter } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { ended, nextTurn, ok, size } from './support.mjs';

const WORKERS = 2;
const PER_METRIC = 2_000;
const TOTAL = 10_000;
const RESTING_EVERY = 5_000;

// Each metric warns once of its overflow; a thousand warnings say no more than one.
setReporter(() => {});

async function attack({ metrics, lane, from, to, done }) {
  assert.equal(attachWorker(), 'attached');
  for (let i = from; i < to; i++) {
    counter(`attack${i % metrics}`, { user: `u${i}`, page: i % 7 }).increment();
    Atomics.add(done, lane, 1);
    if (i % RESTING_EVERY === 0) await nextTurn();
  }
  parentPort.close();
}

async function withstand(metrics, sets) {
  const recorder = createRecorder({ cardinality: { perMetric: PER_METRIC, total: TOTAL } });
  const installation = setGlobalRecorder(recorder);
  const cumulative = recorder.reader();
  const delta = recorder.reader({ temporality: 'delta' });
  const done = new Int32Array(new SharedArrayBuffer(4 * WORKERS));
  let collections = 0;
  let most = 0;
  let mostOfOne = 0;
  let added = 0;

  function collect() {
    collections++;
    let total = 0;
    let series = 0;
    const perMetric = new Map();
    for (const run of cumulative.collect().chunks(64)) {
      for (const { metric, value } of run) {
        total += value;
        series++;
        perMetric.set(metric.name, (perMetric.get(metric.name) ?? 0) + 1);
      }
    }
    for (const run of delta.collect().chunks(64)) for (const { value } of run) added += value;
    most = Math.max(most, series);
    mostOfOne = Math.max(mostOfOne, ...perMetric.values());
    return total;
  }

  const share = sets / WORKERS;
  let running = WORKERS;
  for (let lane = 0; lane < WORKERS; lane++) {
    const data = { metrics, lane, from: lane * share, to: (lane + 1) * share, done };
    ended(new Worker(new URL(import.meta.url), { workerData: data })).then(() => running--);
  }
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  let last = 0;
  let halfway;
  let arena = 0;
  while (running > 0) {
    const total = collect();
    assert(total >= last, `the total went from ${last} to ${total}`);
    last = total;
    arena = Math.max(arena, recorder.memory);
    if (halfway === undefined && done.every((sets) => sets > share / 2)) halfway = { arena, heap: heap() };
    await nextTurn();
  }
  halfway ??= { arena, heap: heap() };
  assert.equal(collect(), sets);
  assert.equal(added, sets);
  assert(most <= TOTAL && mostOfOne <= PER_METRIC, `${most} series, ${mostOfOne} of one metric`);
  assert(arena <= halfway.arena, `the arena grew from ${halfway.arena} to ${arena}`);
  const grown = Math.round((heap() - halfway.heap) / 1024);
  assert(grown < 4_096, `the heap grew by ${grown} KiB in the second half`);
  installation.uninstall();
  const memory = `${Math.round(arena / 1024)} KiB of arena, heap ${grown} KiB larger than halfway`;
  ok(
    `${sets} label sets on ${metrics} metrics: totals exact in ${collections} collections, at most ${most} series, ${memory}`,
  );
}

if (isMainThread) {
  const sets = size(0, 1_000_000);
  await withstand(1, sets);
  await withstand(1_000, sets);
} else {
  await attack(workerData);
}
