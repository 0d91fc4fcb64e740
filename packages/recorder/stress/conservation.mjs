// conservation.mjs [RECORDS] [WORKERS]: workers record so many times each, on every kind of metric, while two readers
// collect without pause. In the end every total is exact.
import { strict as assert } from 'node:assert';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { counter, gauge, histogram, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { Audit, ended, nextTurn, ok, size } from './support.mjs';

const BOUNDS = [1, 10, 100];
const SERIES = 8;
/** The values of the two histograms in a round, integers: their sums are exact. */
const explicitValue = (round) => round % 200;
const exponentialValue = (round) => (round % 97) * 2 ** (round % 13);

function work(rounds) {
  assert.equal(attachWorker(), 'attached');
  const all = (make, name) => Array.from({ length: SERIES }, (_, series) => make(name, { series }));
  const counters = all(counter, 'counter');
  const shared = counter('shared');
  const highest = counter('highest');
  const level = gauge('level');
  const explicit = all(histogram, 'explicit');
  const exponential = all(histogram, 'exponential');
  for (let i = 0; i < rounds; i++) {
    const series = (i >> 6) % SERIES;
    counters[series].increment(2);
    shared.increment();
    highest.absolute(i);
    if (i % 3 === 0) level.decrement(2);
    else level.increment(3);
    explicit[series].record(explicitValue(i));
    exponential[series].record(exponentialValue(i));
  }
}

/** What one worker records on the series of a number. */
function expectation(rounds) {
  const all = Array.from({ length: SERIES }, () => ({
    rounds: 0,
    explicit: 0,
    exponential: 0,
    counts: [0, 0, 0, 0],
  }));
  for (let i = 0; i < rounds; i++) {
    const one = all[(i >> 6) % SERIES];
    one.rounds++;
    one.explicit += explicitValue(i);
    one.exponential += exponentialValue(i);
    const bucket = BOUNDS.findIndex((bound) => explicitValue(i) <= bound);
    one.counts[bucket === -1 ? BOUNDS.length : bucket]++;
  }
  return all;
}

async function main() {
  // A round is six records.
  const rounds = Math.ceil(size(0, 10_000_000) / 6);
  const workers = size(1, 4);
  const recorder = createRecorder({ buckets: { explicit: BOUNDS } });
  setGlobalRecorder(recorder);
  const audit = new Audit(recorder);
  let running = workers;
  const started = performance.now();
  for (let i = 0; i < workers; i++) {
    ended(new Worker(new URL(import.meta.url), { workerData: rounds })).then(() => running--);
  }
  while (running > 0) {
    audit.collect();
    await nextTurn();
  }
  const seconds = (performance.now() - started) / 1000;
  audit.settle();

  assert.equal(audit.read('shared').value, workers * rounds);
  assert.equal(audit.read('highest').value, rounds - 1);
  const down = Math.ceil(rounds / 3);
  assert.equal(audit.read('level').value, workers * (3 * (rounds - down) - 2 * down));
  for (const [series, expected] of expectation(rounds).entries()) {
    assert.equal(audit.read('counter', { series }).value, 2 * workers * expected.rounds);
    const explicit = audit.read('explicit', { series });
    assert.equal(explicit.sum, workers * expected.explicit);
    assert.deepEqual(
      explicit.counts,
      expected.counts.map((count) => count * workers),
    );
    const exponential = audit.read('exponential', { series });
    assert.equal(exponential.count, workers * expected.rounds);
    assert.equal(exponential.sum, workers * expected.exponential);
  }
  assert.deepEqual(recorder.refusals(), {});
  ok(
    `${workers} workers recorded ${rounds * 6} times each in ${seconds.toFixed(1)} s, ${audit.collections} collections meanwhile: every total is exact`,
  );
}

if (isMainThread) await main();
else work(workerData);
