// termination.mjs [KILLS]: workers are terminated at random moments, rescales under way; what each had said to be done
// is there, and nothing that it did not begin.
import { strict as assert } from 'node:assert';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { Audit, ended, nextTurn, ok, runLanes, size } from './support.mjs';

const LANES = 3;
const BOUNDS = [1, 10, 100];
const METRICS = ['counter', 'explicit', 'exponential', 'late'];

/** `done[lane]` counts rounds; a round records once on every metric. */
function work({ lane, done }) {
  assert.equal(attachWorker(), 'attached');
  const c = counter('counter', { lane });
  const explicit = histogram('explicit', { lane });
  const exponential = histogram('exponential', { lane });
  const late = Array.from({ length: 50 }, (_, i) => () => counter('late', { lane, i }).increment());
  for (let i = 0; ; i++) {
    c.increment();
    explicit.record(i % 200);
    // From narrow to all doubles, so that it goes from scale to scale.
    exponential.record(2 ** (((i * 7919) % 2000) * Math.min(1, i / 20_000) - 1000));
    // Its series are defined one by one.
    late[Math.floor(i / 500) % late.length]();
    Atomics.add(done, lane, 1);
  }
}

async function main() {
  const kills = size(0, 300);
  const recorder = createRecorder({ buckets: { explicit: BOUNDS } });
  setGlobalRecorder(recorder);
  const audit = new Audit(recorder);
  const done = new Int32Array(new SharedArrayBuffer(4 * LANES));
  const recorded = (metric, lane) => {
    if (metric !== 'late') {
      const { value = 0, count = 0 } = audit.read(metric, { lane }) ?? {};
      return value + count;
    }
    let total = 0;
    for (let i = 0; i < 50; i++) total += audit.read('late', { lane, i })?.value ?? 0;
    return total;
  };

  let left = kills;
  let cut = 0;
  let rounds = 0;
  async function run(lane) {
    while (left-- > 0) {
      const before = METRICS.map((metric) => recorded(metric, lane));
      Atomics.store(done, lane, 0);
      const worker = new Worker(new URL(import.meta.url), { workerData: { lane, done } });
      const end = ended(worker);
      while (Atomics.load(done, lane) === 0) await nextTurn();
      const until = performance.now() + Math.random() * 60;
      while (performance.now() < until) await nextTurn();
      worker.terminate();
      await end;
      audit.collect();
      const finished = Atomics.load(done, lane);
      rounds += finished;
      const added = METRICS.map((metric, i) => recorded(metric, lane) - before[i]);
      for (const [i, metric] of METRICS.entries()) {
        const text = `${metric} of a terminated worker: ${added[i]} of ${finished} rounds`;
        assert(added[i] === finished || added[i] === finished + 1, text);
        assert(i === 0 || added[i] <= added[i - 1], `${text}, but ${added[i - 1]} of ${METRICS[i - 1]}`);
      }
      if (added[0] !== finished) cut++;
    }
  }

  await runLanes(LANES, run, () => audit.collect());
  audit.settle();
  assert(recorder.memory < 8 * 65_536, `${recorder.memory} bytes are still in use`);
  ok(
    `${kills} workers terminated after ${rounds} rounds, ${cut} of them within a round, ${audit.collections} collections: nothing done is missing`,
  );
}

if (isMainThread) await main();
else work(workerData);
