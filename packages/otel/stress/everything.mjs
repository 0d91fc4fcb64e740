// everything.mjs [ROUNDS] [KILLS]: all at once. Workers record within spans on keys that come and go, through layers and a
// filter that changes; series expire; local recorders and labels of the context are in between; others are terminated at
// random; readers of both temporalities and a bridged provider collect without pause. In the end every total is exact.
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  counter,
  defineCounter,
  gauge,
  histogram,
  setGlobalRecorder,
  setTraceContext,
  withLabels,
  withLocalRecorder,
} from '@ostinato/core';
import { bridgeInstruments } from '@ostinato/otel';
import {
  attachWorker,
  commonLabels,
  createRecorder,
  fanout,
  filter,
  prefix,
  redact,
} from '@ostinato/recorder';
import { ended, nextTurn, ok, size } from '../../recorder/stress/support.mjs';

const LANES = 3;
const KEYS = 900;
/** Keys that a worker is busy with at a time. */
const WINDOW = 40;
const KINDS = ['counter', 'explicit', 'exponential'];
const BOUNDS = [100, 300, 600];
const TENANTS = ['acme', 'hooli', undefined];
/** So many rounds of a worker are between two turns of its event loop, and so long it waits: instruments are slow. */
const TURN = 32;
const TURN_MILLIS = 4;
/** And of one that is to be terminated between two pauses. */
const BURST = 100;

/** The ids of a span say whose record it is in, and of which number. */
function spanOf(lane, key, number) {
  const hex = (word) => word.toString(16).padStart(8, '0');
  const check = (lane * 7919 + key * 104_729 + number) >>> 0;
  return {
    traceId: hex(lane) + hex(key) + hex(number) + hex(check),
    spanId: hex(lane) + hex(number),
    sampled: true,
  };
}

function numbersOf({ traceId, spanId }) {
  const [lane, key, number] = [0, 8, 16].map((at) => Number.parseInt(traceId.slice(at, at + 8), 16));
  assert.deepEqual({ traceId, spanId, sampled: true }, spanOf(lane, key, number), 'an exemplar is torn');
  return { lane, key, number };
}

/** What is recorded within spans, which are made when somebody looks for them. */
function tracing(lane) {
  const current = { key: 0, number: 0 };
  setTraceContext({ activeSpan: () => spanOf(lane, current.key, current.number) });
  return current;
}

const queries = () => defineCounter('queries', { labels: ['table'], contextLabels: ['tenant'] });

/** Ends by itself. Answers with what it recorded. */
async function work({ lane, rounds }) {
  assert.equal(attachWorker(), 'attached');
  const current = tracing(lane);
  const recorded = Object.fromEntries(KINDS.map((kind) => [kind, new Float64Array(KEYS)]));
  const ofTenants = TENANTS.map(() => 0);
  let random = lane;
  const below = (n) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (random >> 8) % n;
  };
  const held = new Map();
  const tenants = queries();
  const highest = counter('highest');
  const level = gauge('level');
  const noisy = counter('noisy');
  // Once there was a local recorder, nothing in a thread is recorded as before: not in all of them.
  const local = lane === 1 ? createRecorder() : undefined;
  let inLocal = 0;
  for (let i = 1; i <= rounds; i++) {
    const late = below(500) === 0 ? below(KEYS) : 0;
    const key = ((i >> 5) + below(WINDOW) + late) % KEYS;
    let handles = held.get(key);
    if (handles === undefined) {
      const labels = { email: `${key}@example.com`, key };
      handles = [counter('counter', labels), histogram('explicit', labels), histogram('exponential', labels)];
      held.set(key, handles);
    }
    current.key = key;
    current.number = i;
    handles[0].increment(key + 1);
    handles[1].record(key + 1);
    handles[2].record(key + 1);
    for (const kind of KINDS) recorded[kind][key] += key + 1;
    level.increment(key);
    highest.absolute(i);
    noisy.increment();
    level.decrement(key);
    if (i % 16 === 0) {
      const tenant = below(TENANTS.length);
      withLabels({ tenant: TENANTS[tenant] }, () => tenants.labels('orders').increment());
      ofTenants[tenant] += 1;
    }
    if (local !== undefined && i % 64 === 0) {
      inLocal += 1;
      void withLocalRecorder(local, async () => {
        handles[0].increment(key + 1);
        await null;
        handles[1].record(key + 1);
        histogram('local').record(1);
      });
    }
    if (i % TURN === 0) await sleep(TURN_MILLIS);
  }
  await nextTurn();
  if (local !== undefined) checkLocal(local, inLocal);
  parentPort.postMessage({ recorded, ofTenants });
}

/** A local recorder has what was recorded in its scopes, also after their awaits, and nothing else. */
function checkLocal(local, scopes) {
  const counts = {};
  for (const run of local.reader().collect().chunks(64)) {
    for (const { metric, key, value, count } of run) {
      const own = key.labels.find(([name]) => name === 'key');
      if (metric.type === 'counter') assert.equal(value % (Number(own?.[1] ?? 0) + 1), 0);
      else counts[metric.name] = (counts[metric.name] ?? 0) + count;
    }
  }
  assert.deepEqual(counts, { explicit: scopes, local: scopes });
}

/** Goes on until it is terminated; `done[0]` counts rounds, `done[1]` is what it waits on, in vain. */
function workForEver({ lane, done }) {
  assert.equal(attachWorker(), 'attached');
  const current = tracing(lane);
  const handles = [counter('cut.counter'), histogram('cut.explicit'), histogram('cut.exponential')];
  for (let i = 1; ; i++) {
    current.number = i;
    handles[0].increment();
    handles[1].record(1);
    handles[2].record(1);
    Atomics.add(done, 0, 1);
    // A provider's instruments take microseconds a sample: without a pause they would have no time for others.
    if (i % BURST === 0) Atomics.wait(done, 1, 0, 1);
  }
}

/** A reader of the recorder, and what it was given by name. */
class Look {
  /** Of counters and of histograms' sums, for a delta reader. */
  totals = {};
  /** Histogram samples, likewise. */
  samples = 0;
  /** The last values of gauges. */
  gauges = {};
  exemplars = 0;
  incarnations = 0;
  #reader;
  #isDelta;
  #seen = new Set();
  /** By series: its start and its last value. */
  #last = new Map();

  constructor(recorder, temporality) {
    this.#reader = recorder.reader({ temporality });
    this.#isDelta = temporality === 'delta';
  }

  collect() {
    for (const run of this.#reader.collect().chunks(64)) for (const point of run) this.#take(point);
  }

  #take({ metric, key, start, value, count, sum, zeroCount, counts, length, exemplars = [] }) {
    const labels = Object.fromEntries(key.labels);
    assert.ok(!('email' in labels), 'a redacted label');
    const name = metric.name.slice('shop.'.length);
    const amount = metric.type.endsWith('istogram') ? sum : value;
    if (metric.type.endsWith('istogram')) {
      let inBuckets = zeroCount;
      for (let i = 0; i < length; i++) inBuckets += counts[i];
      assert.equal(inBuckets, count, `${name}: the count is not the sum of the buckets`);
    }
    const own = labels.key === undefined ? undefined : Number(labels.key);
    if (own !== undefined && KINDS.includes(name)) {
      assert.equal(amount % (own + 1), 0, `${name} ${own} has a sample of another series`);
    }
    if (metric.type === 'gauge') this.gauges[name] = value;
    else if (this.#isDelta) {
      const total = labels.tenant === undefined ? name : `${name} of ${labels.tenant}`;
      this.totals[total] = (this.totals[total] ?? 0) + amount;
      this.samples += count;
    }
    if (!this.#isDelta) this.#rise(metric, JSON.stringify([name, key.labels]), start, amount);
    for (const exemplar of exemplars) this.#check(name, own, exemplar);
  }

  #rise({ type }, series, start, amount) {
    const last = this.#last.get(series);
    this.#last.set(series, { start, amount });
    if (last?.start !== start) this.incarnations++;
    else if (type !== 'gauge')
      assert.ok(amount >= last.amount, `${series} went from ${last.amount} to ${amount}`);
  }

  /** It is of its series, whole, and comes once. */
  #check(name, own, { value, traceId, spanId, filteredLabels }) {
    this.exemplars++;
    const { key } = numbersOf({ traceId, spanId });
    assert.ok(!this.#seen.has(`${name} ${spanId}`), `the exemplar ${name} ${spanId} came twice`);
    this.#seen.add(`${name} ${spanId}`);
    const filtered = Object.fromEntries(filteredLabels);
    assert.ok(!('email' in filtered), 'a redacted label in an exemplar');
    if (!KINDS.includes(name)) return;
    assert.equal(value, key + 1, `the exemplar of ${name} is of another record`);
    const said = own ?? filtered.key;
    if (said !== undefined) assert.equal(Number(said), key, `${name} ${said} has the exemplar of ${key}`);
  }
}

/** A provider of somebody else, with a reader of each temporality. */
class Bridged {
  /** By reader: of counters, and histogram samples. */
  totals = [{}, {}];
  #exporters = [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE].map(
    (temporality) => new InMemoryMetricExporter(temporality),
  );
  #provider = new MeterProvider({
    readers: this.#exporters.map(
      (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 }),
    ),
  });
  #bridge;

  constructor(recorder) {
    this.#bridge = bridgeInstruments(recorder, this.#provider);
  }

  async collect() {
    await this.#provider.forceFlush();
    for (const [i, exporter] of this.#exporters.entries()) {
      for (const { descriptor, dataPoints } of exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics)) {
        const name = descriptor.name.replace('shop.', '');
        let sum = i === 0 ? (this.totals[i][name] ?? 0) : 0;
        for (const { value, attributes } of dataPoints) {
          assert.ok(!('email' in attributes), 'a redacted label behind the bridge');
          sum += typeof value === 'number' ? value : value.count;
        }
        this.totals[i][name] = sum;
      }
      exporter.reset();
    }
  }

  async end() {
    // What was dropped is told by a bridge that is there.
    await this.collect();
    this.#bridge.dispose();
    await this.collect();
    await this.#provider.shutdown();
  }
}

async function main() {
  const rounds = size(0, 150_000);
  const kills = size(1, 60);
  const other = createRecorder();
  const recorder = createRecorder({
    buckets: { 'shop.explicit': BOUNDS },
    cardinality: { perMetric: 256 },
    idleTimeout: 2,
    layers: [
      filter({ directives: 'info' }),
      redact({ drop: ['email'] }),
      commonLabels({ region: 'eu' }),
      prefix('shop'),
      fanout(other),
    ],
  });
  setGlobalRecorder(recorder);
  const bridged = new Bridged(recorder);
  const [often, seldom, cumulative] = ['delta', 'delta', 'cumulative'].map(
    (temporality) => new Look(recorder, temporality),
  );
  const elsewhere = other.reader();

  const expected = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  const ofTenants = TENANTS.map(() => 0);
  let running = 0;
  for (let lane = 1; lane <= LANES; lane++) {
    running++;
    const worker = new Worker(new URL(import.meta.url), { workerData: { lane, rounds } });
    worker.on('message', (answer) => {
      for (const kind of KINDS) expected[kind] += answer.recorded[kind].reduce((sum, one) => sum + one, 0);
      for (const [i, count] of answer.ofTenants.entries()) ofTenants[i] += count;
    });
    worker.once('error', (error) => {
      throw error;
    });
    worker.once('exit', () => running--);
  }
  let finished = 0;
  async function killThemAll() {
    for (let kill = 1; kill <= kills; kill++) {
      const done = new Int32Array(new SharedArrayBuffer(8));
      const worker = new Worker(new URL(import.meta.url), { workerData: { lane: LANES + kill, done } });
      const end = ended(worker);
      const enough = 1 + Math.floor(Math.random() * 20_000);
      while (Atomics.load(done, 0) < enough) await nextTurn();
      worker.terminate();
      await end;
      finished += Atomics.load(done, 0);
    }
  }
  running++;
  killThemAll().then(() => running--);

  const own = counter('main');
  let passes = 0;
  while (running > 0) {
    passes++;
    own.increment();
    often.collect();
    cumulative.collect();
    if (passes % 20 === 0) seldom.collect();
    if (passes % 10 === 0) await bridged.collect();
    if (passes % 50 === 0)
      recorder.setFilter({ directives: 'info', deny: passes % 100 === 0 ? [] : ['noisy'] });
    await nextTurn();
  }
  gauge('level').increment(0);
  for (let i = 0; i < 3; i++) for (const look of [often, seldom, cumulative]) look.collect();
  await bridged.end();

  let forwarded;
  for (const run of elsewhere.collect().chunks(64)) {
    for (const { metric, value } of run) if (metric.name === 'shop.main') forwarded = value;
  }
  assert.equal(forwarded, passes);
  assert.equal(cumulative.gauges.level, 0);
  for (const { totals, exemplars } of [often, seldom]) {
    for (const kind of KINDS) assert.equal(totals[kind], expected[kind], `${kind}: lost, or counted twice`);
    for (const [i, tenant] of TENANTS.entries()) {
      assert.equal(totals[tenant === undefined ? 'queries' : `queries of ${tenant}`], ofTenants[i]);
    }
    assert.equal(totals.highest, rounds);
    assert.equal(totals.main, passes);
    assert.ok((totals.noisy ?? 0) <= LANES * rounds);
    assert.ok(exemplars > 0);
    // The last round of each may have been cut.
    for (const [i, kind] of KINDS.entries()) {
      const total = totals[`cut.${kind}`];
      const most = i === 0 ? finished + kills : totals[`cut.${KINDS[i - 1]}`];
      assert.ok(total >= finished && total <= most, `${kind}: ${total} of ${finished} rounds that were cut`);
    }
  }
  for (const totals of bridged.totals) {
    for (const name of ['counter', 'cut.counter', 'highest', 'main']) {
      assert.equal(totals[name], often.totals[name], `${name} behind the bridge`);
    }
    const given = ['explicit', 'exponential', 'cut.explicit', 'cut.exponential'].reduce(
      (sum, name) => sum + totals[name],
      0,
    );
    const dropped = totals['ostinato.bridge.dropped'] ?? 0;
    const lost = often.samples - given;
    // Whoever is terminated between recording a sample and handing it over takes that one along.
    assert.ok(lost >= dropped && lost <= dropped + kills, `${lost} samples lost, ${dropped} of them counted`);
  }
  ok(
    `${LANES * rounds} rounds, and ${finished} of ${kills} workers that were terminated: every total is exact ` +
      `(${passes} passes, ${cumulative.incarnations} incarnations, ${often.totals.noisy ?? 0} let through by the filter), ` +
      `and ${often.exemplars} exemplars are of their own records, each once`,
  );
}

if (isMainThread) await main();
else if (workerData.done === undefined) await work(workerData);
else workForEver(workerData);
