// definitions.mjs [METRICS]: workers that are terminated at random moments define scopes, metrics and series without pause.
// A collection knows the metrics of all that was recorded before it, is later than the start of each series, and shows it.
import { strict as assert } from 'node:assert';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { scope, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { ended, nextTurn, ok, runLanes, size } from './support.mjs';

const LANES = 2;
const SERIES = 3;
const METRICS_PER_SCOPE = 20;

const scopeOf = (lane, metric) => `${lane} ${Math.floor(metric / METRICS_PER_SCOPE)}`;

/** `done[lane]` counts metrics of which all series were recorded on. */
function work({ lane, metrics, done }) {
  assert.equal(attachWorker(), 'attached');
  for (let metric = Atomics.load(done, lane); metric < metrics; metric++) {
    const own = scope({ name: scopeOf(lane, metric) });
    if (metric % 2 === 0) own.describeCounter(`m${metric}`, { unit: 's' });
    for (let series = 0; series < SERIES; series++) own.counter(`m${metric}`, { series }).increment();
    Atomics.add(done, lane, 1);
  }
}

async function main() {
  const metrics = size(0, 4_000);
  const recorder = createRecorder({ cardinality: { total: 1_000_000 } });
  setGlobalRecorder(recorder);
  const reader = recorder.reader();
  const done = new Int32Array(new SharedArrayBuffer(4 * LANES));
  let kills = 0;
  let collections = 0;

  function collect() {
    const recorded = Array.from({ length: LANES }, (_, lane) => Atomics.load(done, lane));
    const snapshot = reader.collect();
    const known = new Set();
    for (const { scope, definitions } of snapshot.scopes) {
      for (const { name } of definitions) known.add(`${scope.name} ${name}`);
    }
    const values = new Map();
    for (const run of snapshot.chunks(64)) {
      for (const { key, start, value } of run) {
        assert(start < snapshot.time, `${key.name} starts at ${start}, read at ${snapshot.time}`);
        values.set(`${key.scope.name} ${key.name} ${key.labels[0][1]}`, value);
      }
    }
    for (const [lane, count] of recorded.entries()) {
      for (let metric = 0; metric < count; metric++) {
        const id = `${scopeOf(lane, metric)} m${metric}`;
        assert(known.has(id), `${id} is not known at the collection`);
        // What a terminated worker was at is done once more.
        for (let series = 0; series < SERIES; series++)
          assert(values.get(`${id} ${series}`) >= 1, `${id} is missing`);
      }
    }
    collections++;
  }

  async function run(lane) {
    while (Atomics.load(done, lane) < metrics) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { lane, metrics, done } });
      const end = ended(worker);
      const before = Atomics.load(done, lane);
      while (Atomics.load(done, lane) === before) await nextTurn();
      const until = performance.now() + Math.random() * 30;
      while (performance.now() < until && Atomics.load(done, lane) < metrics) await nextTurn();
      worker.terminate();
      await end;
      kills++;
    }
  }

  await runLanes(LANES, run, collect);
  collect();
  ok(
    `${LANES * metrics} metrics defined by ${kills} terminated workers, ${collections} collections meanwhile: each knew all that was there`,
  );
}

if (isMainThread) await main();
else work(workerData);
