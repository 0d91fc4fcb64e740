// expiry.mjs [RECORDS]: two workers record on more keys than there are slots, each key for a while, while series expire
// without pause and their slots are reused. No sample is on a wrong series, and none is lost.
import { strict as assert } from 'node:assert';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { attachWorker, createRecorder } from '@ostinato/recorder';
import { ok, size } from './support.mjs';

const KEYS = 1_500;
const WORKERS = 2;
/** Keys that a worker is busy with at a time. */
const WINDOW = 60;
const PER_METRIC = 512;
const KINDS = ['counter', 'explicit', 'exponential'];

/** Some samples of a window of keys, then of the next, which has most of them; some keys come late once more. */
async function work({ records, seed }) {
  assert.equal(attachWorker(), 'attached');
  const recorded = Object.fromEntries(KINDS.map((kind) => [kind, new Float64Array(KEYS)]));
  let random = seed;
  const below = (n) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (random >> 8) % n;
  };
  const held = new Map();
  for (let i = 0; i < records; i++) {
    const late = below(500) === 0 ? below(KEYS) : 0;
    const key = ((i >> 5) + below(WINDOW) + late) % KEYS;
    let handles = held.get(key);
    if (handles === undefined) {
      handles = [
        counter('counter', { key }),
        histogram('explicit', { key }),
        histogram('exponential', { key }),
      ];
      held.set(key, handles);
    }
    handles[0].increment(key + 1);
    handles[1].record(key + 1);
    handles[2].record(key + 1);
    for (const kind of KINDS) recorded[kind][key] += 1;
    // What is new looks at what the collector wants.
    if (i % 100 === 0) counter('new', { key: `${seed} ${i}` }).increment(0);
    if (i % 256 === 0) await sleep(2);
  }
  parentPort.postMessage(recorded);
}

async function main() {
  const records = size(0, 4_000_000);
  const recorder = createRecorder({
    buckets: { explicit: [100, 500, 1_000] },
    cardinality: { perMetric: PER_METRIC },
    idleTimeout: 1,
  });
  setGlobalRecorder(recorder);
  const delta = recorder.reader({ temporality: 'delta' });
  const slow = recorder.reader({ temporality: 'delta' });
  const cumulative = recorder.reader();
  const readers = [delta, slow].map(() =>
    Object.fromEntries(KINDS.map((kind) => [kind, new Float64Array(KEYS + 1)])),
  );
  let incarnations = 0;
  let most = 0;
  const starts = new Map();

  function add(reader, totals) {
    for (const run of reader.collect().chunks(64)) {
      for (const { metric, key, value, count, sum, zeroCount, counts, length } of run) {
        if (metric.name === 'new') continue;
        const own = Number(key.labels[0][1]);
        const isOwn = key.labels[0][0] === 'key';
        let inBuckets = zeroCount;
        for (let i = 0; i < length; i++) inBuckets += counts[i];
        if (metric.type !== 'counter') {
          assert.equal(inBuckets, count);
          if (isOwn) assert.equal(sum % (own + 1), 0, `${metric.name} ${own} has a sample of another series`);
          const bucket = [100, 500, 1_000].findIndex((bound) => own + 1 <= bound);
          if (isOwn && metric.type === 'histogram') assert.equal(counts[bucket < 0 ? 3 : bucket], count);
        } else if (isOwn)
          assert.equal(value % (own + 1), 0, `counter ${own} has an increment of another series`);
        totals[metric.name][isOwn ? own : KEYS] += metric.type === 'counter' ? value : sum;
      }
    }
  }
  function look() {
    let series = 0;
    for (const run of cumulative.collect().chunks(64)) {
      for (const { metric, key, start } of run) {
        if (metric.name === 'new') continue;
        series++;
        const id = `${metric.name} ${key.labels[0][1]}`;
        if (starts.get(id) === start) continue;
        starts.set(id, start);
        incarnations++;
      }
    }
    most = Math.max(most, series);
  }

  const expected = Object.fromEntries(KINDS.map((kind) => [kind, new Float64Array(KEYS)]));
  let running = WORKERS;
  for (let i = 0; i < WORKERS; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { records, seed: i + 1 } });
    worker.on('message', (recorded) => {
      for (const kind of KINDS)
        for (let key = 0; key < KEYS; key++) expected[kind][key] += recorded[kind][key];
    });
    worker.once('error', (error) => {
      throw error;
    });
    worker.once('exit', () => running--);
  }
  let memory = 0;
  for (let passes = 0; running > 0; passes++) {
    add(delta, readers[0]);
    if (passes % 50 === 0) add(slow, readers[1]);
    look();
    if (incarnations > 10_000 && memory === 0) memory = recorder.memory;
    await turn();
  }
  for (let i = 0; i < 3; i++) for (const [at, reader] of [delta, slow].entries()) add(reader, readers[at]);
  for (const totals of readers) {
    for (const kind of KINDS) {
      let recorded = 0;
      for (let key = 0; key < KEYS; key++) {
        recorded += expected[kind][key] * (key + 1);
        assert.ok(totals[kind][key] <= expected[kind][key] * (key + 1), `${kind} ${key} has too much`);
      }
      assert.equal(
        totals[kind].reduce((a, b) => a + b),
        recorded,
        `${kind}: samples are lost, or counted twice`,
      );
    }
  }
  assert.ok(most <= KINDS.length * PER_METRIC, `${most} series at once`);
  if (memory > 0)
    assert.ok(recorder.memory <= memory * 2, `memory grew from ${memory} to ${recorder.memory}`);
  const shared = readers[0].counter[KEYS] / readers[0].counter.reduce((a, b) => a + b);
  ok(
    `no sample on a wrong series and none lost in ${incarnations} incarnations of ${KEYS * KINDS.length} series ` +
      `(${WORKERS * records} rounds, ${(100 * shared).toFixed(1)} % in the overflow series, ${recorder.memory} bytes)`,
  );
}

if (isMainThread) await main();
else await work(workerData);
