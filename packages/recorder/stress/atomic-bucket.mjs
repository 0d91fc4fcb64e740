// atomic-bucket.mjs [SAMPLES [KILLS]]: what an AtomicBucket promises, with 4 producers of SAMPLES each, and with KILLS
// producers and KILLS consumers that are terminated at random moments.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { AtomicBucket } from '@ostinato/recorder';
import { nextTurn, ok, size } from './support.mjs';

const samples = size(0, 10_000_000);
const kills = size(1, 200);
const PRODUCERS = 4;

const roles = { produce, produceForEver, consume, parent, child };

function start(role, data) {
  return new Worker(fileURLToPath(import.meta.url), { workerData: { ...data, role } });
}

const shared = (Type, length) => new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));

/** Pushes 0, 1, 2, …; a full ring costs a sample, and `patience` milliseconds. */
function produce({ bucket: memory, id, count, patience, kept, sums }) {
  const bucket = AtomicBucket.attach(memory);
  const bell = shared(Int32Array, 1);
  for (let i = 0; i < count; i++) {
    if (bucket.push(i, id)) {
      kept[id] += 1;
      sums[id] += i;
    } else if (patience > 0) {
      Atomics.wait(bell, 0, 0, patience);
    }
  }
}

async function conserves(capacity, patience) {
  const bucket = new AtomicBucket({ capacity });
  const kept = shared(Float64Array, PRODUCERS);
  const sums = shared(Float64Array, PRODUCERS);
  const drained = new Float64Array(PRODUCERS);
  const drainedSums = new Float64Array(PRODUCERS);
  const last = new Float64Array(PRODUCERS).fill(-1);
  const check = (value, id) => {
    if (!(value > last[id])) assert.fail(`producer ${id}: ${value} came after ${last[id]}`);
    last[id] = value;
    drained[id] += 1;
    drainedSums[id] += value;
  };
  let running = PRODUCERS;
  let drains = 0;
  for (let id = 0; id < PRODUCERS; id++) {
    const data = { bucket: bucket.share(), id, count: samples, patience, kept, sums };
    start('produce', data).once('exit', () => running--);
  }
  while (running > 0) {
    bucket.drain(check);
    drains++;
    await nextTurn();
  }
  bucket.drain(check);
  assert.deepEqual(drained, kept);
  assert.deepEqual(drainedSums, sums);
  const total = kept.reduce((sum, one) => sum + one, 0);
  assert.equal(total + bucket.dropped, PRODUCERS * samples);
  return `${total} drained in ${drains} drains, in order and once, + ${bucket.dropped} dropped = ${PRODUCERS} x ${samples} pushed`;
}

/** Pushes 0, 1, 2, … and says after each push that it is done. */
function produceForEver({ bucket: memory, id, done, refused }) {
  const bucket = AtomicBucket.attach(memory);
  for (let next = 0; ; ) {
    if (bucket.push(next, id)) done[id] = ++next;
    else refused[id] += 1;
  }
}

async function survivesItsProducers() {
  const bucket = new AtomicBucket({ capacity: 1_024, producers: PRODUCERS });
  const done = shared(Int32Array, kills);
  const refused = shared(Float64Array, kills);
  const drained = new Int32Array(kills);
  const check = (value, id) => {
    if (value !== drained[id]) assert.fail(`producer ${id}: ${value} came for ${drained[id]}`);
    drained[id] += 1;
  };
  let started = 0;
  let ended = 0;
  const keepOneRunning = async () => {
    while (started < kills) {
      const id = started++;
      const worker = start('produceForEver', { bucket: bucket.share(), id, done, refused });
      const enough = 1 + Math.random() * 20_000;
      while (done[id] < enough) await nextTurn();
      await worker.terminate();
    }
    ended++;
  };
  const lanes = [keepOneRunning(), keepOneRunning(), keepOneRunning()];
  while (ended < lanes.length) {
    bucket.drain(check);
    await nextTurn();
  }
  await Promise.all(lanes);
  bucket.drain(check);
  for (let id = 0; id < kills; id++) {
    // The last push may have been finished when its thread was killed, or not.
    assert.ok(drained[id] === done[id] || drained[id] === done[id] + 1);
  }
  const dropped = refused.reduce((sum, one) => sum + one, 0);
  assert.ok(bucket.dropped >= dropped && bucket.dropped <= dropped + kills);
  const total = drained.reduce((sum, one) => sum + one, 0);
  return `${kills} producers killed on ${PRODUCERS} rings: ${total} samples drained, none torn, missing or twice`;
}

function consume({ bucket: memory, seen }) {
  const bucket = AtomicBucket.attach(memory);
  const mark = (value) => {
    seen[value] += 1;
  };
  for (;;) bucket.drain(mark);
}

async function survivesItsConsumers() {
  const bucket = new AtomicBucket({ capacity: 4_096 });
  const total = 20_000 * kills;
  const seen = shared(Uint8Array, total);
  let next = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const worker = start('consume', { bucket: bucket.share(), seen });
    const end = Math.ceil((total / kills) * (kill - 1 + Math.random()));
    while (next < end) {
      while (next < end && bucket.push(next, 0)) next++;
      await nextTurn();
    }
    await worker.terminate();
  }
  bucket.drain((value) => {
    seen[value] += 1;
  });
  let missing = 0;
  for (let i = 0; i < next; i++) {
    if (seen[i] > 1) assert.fail(`${i} came ${seen[i]} times`);
    if (seen[i] === 0) missing++;
  }
  assert.ok(missing <= kills);
  return `${kills} consumers killed, ${next} samples: none twice, ${missing} in the hands of one that was killed`;
}

/** Starts a producer of its own, and is one. */
function parent(data) {
  AtomicBucket.attach(data.bucket);
  start('child', { ...data, id: 1 });
  produceForEver(data);
}

/** Has both builds of the package. */
function child(data) {
  createRequire(import.meta.url)('@ostinato/recorder').AtomicBucket.attach(data.bucket);
  produceForEver(data);
}

async function outlivesParents() {
  const bucket = new AtomicBucket({ producers: 2 });
  const done = shared(Int32Array, 2);
  const refused = shared(Float64Array, 2);
  const worker = start('parent', { bucket: bucket.share(), id: 0, done, refused });
  while (done[0] === 0 || done[1] === 0) {
    bucket.drain(() => {});
    await nextTurn();
  }
  assert.equal(bucket.push(1), false);
  await worker.terminate();
  bucket.drain(() => {});
  const others = [bucket, AtomicBucket.attach(bucket.share())];
  assert.deepEqual(
    others.map((other) => other.push(1)),
    [true, true],
  );
  return 'the rings of a killed worker and of a worker that it had started are free again';
}

async function endsByItself() {
  new AtomicBucket().drainEvery(() => {});
  const worker = new Worker(
    'const { AtomicBucket } = require("@ostinato/recorder"); new AtomicBucket().drainEvery(() => {})',
    { eval: true },
  );
  const [code] = await once(worker, 'exit');
  assert.equal(code, 0);
  return 'drainEvery keeps neither a worker nor the process alive';
}

if (isMainThread) {
  const scenarios = [
    () => conserves(65_536, 1),
    () => conserves(16, 0),
    survivesItsProducers,
    survivesItsConsumers,
    outlivesParents,
    endsByItself,
  ];
  for (const scenario of scenarios) ok(await scenario());
} else {
  roles[workerData.role](workerData);
}
