import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
import { encodeBatch } from '../../packages/otlp/dist/encode/batch.js';
import { BOUNDS, otel } from '../lib/rivals.mjs';

export const title = 'Memory: bytes a series';
export const note = `Series with 3 labels, recorded on by label objects that nobody keeps: what stays on the heap and outside it (shared memory,
buffers) per series, of the second 5,000 of 10,000, so that what is there once is not counted; before and after two
exports. Histograms hold 30 different samples.`;
export const unit = 'bytes a series';
export const rounds = 3;
export const newerNode = true;
const round = (bytes) => Math.round(bytes).toLocaleString('en');
export const columns = [
  { title: 'recorded: heap', show: (result) => round(result.heap) },
  { title: 'outside', show: (result) => round(result.outside) },
  { title: 'exported: heap', show: (result) => round(result.exportedHeap) },
  { title: 'outside', show: (result) => round(result.exportedOutside) },
  { title: 'in all', show: (result) => round(result.min) },
];
/** There is no time here: `min` is all bytes after the exports. */
export const timeless = true;

// Else functions that were not called for some collections lose their bytecode, more or less of it by chance.
setFlagsFromString('--no-flush-bytecode');

const SERIES = 10_000;
const limits = { cardinality: { perMetric: SERIES * 2, total: SERIES * 2 } };
const sample = (i) => 10 * 1.17 ** (i % 30);

const routes = Array.from({ length: 1000 }, (_, i) => `/route/${i}`);
const labels = (i) => ({ method: 'GET', route: routes[i % 1000], shard: (i / 1000) | 0 });

/** What the compiler still makes meanwhile is more or less by chance. */
function compiled() {
  let bytes = 0;
  for (const space of getHeapSpaceStatistics()) {
    if (/^(code|trusted)_/.test(space.space_name)) bytes += space.space_used_size;
  }
  return bytes;
}

async function used(shared) {
  globalThis.gc();
  // What Node.js still holds of starting (sources of modules) is let go in turns of the event loop, and made 40 bytes a series.
  await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed - compiled(), outside: external + shared };
}

/**
 * `record(i)` makes and uses a series. `shared()` says how much of the recorder's memory is in use: Node.js counts it whole,
 * or not at all.
 */
async function measured({ record, collect = () => {}, shared = () => 0 }) {
  const half = SERIES / 2;
  for (let i = 0; i < half; i += 1) record(i);
  for (let i = 0; i < 2; i += 1) await collect();
  const before = await used(shared());
  for (let i = half; i < SERIES; i += 1) record(i);
  const recorded = await used(shared());
  for (let i = 0; i < 2; i += 1) await collect();
  const exported = await used(shared());
  const per = (now, then) => Math.max(0, now - then) / half;
  const heap = per(exported.heap, before.heap);
  const outside = per(exported.outside, before.outside);
  return {
    heap: per(recorded.heap, before.heap),
    outside: per(recorded.outside, before.outside),
    exportedHeap: heap,
    exportedOutside: outside,
    min: heap + outside,
    median: heap + outside,
  };
}

function stock(kind, { exponential = false } = {}) {
  return {
    make: () => ({
      run: () => {
        const { meter, reader } = otel({ exponential, series: SERIES * 2 });
        const instrument = kind === 'counter' ? meter.createCounter('m') : meter.createHistogram('m');
        return measured({
          record(i) {
            if (kind === 'counter') instrument.add(1, labels(i));
            else for (let s = 0; s < 30; s += 1) instrument.record(sample(s), labels(i));
          },
          async collect() {
            const { resourceMetrics } = await reader.collect();
            ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
          },
        });
      },
    }),
  };
}

function ours(rival, kind, options = {}) {
  return {
    rival,
    make: () => ({
      run: () => {
        const recorder = createRecorder({ ...limits, ...options });
        setGlobalRecorder(recorder);
        const producer = metricProducer(recorder, { temporality: 'cumulative' });
        const resource = resourceFromAttributes({ 'service.name': 'bench' });
        return measured({
          record(i) {
            if (kind === 'counter') counter('m', labels(i)).increment();
            else for (let s = 0; s < 30; s += 1) histogram('m', labels(i)).record(sample(s));
          },
          async collect() {
            const { resourceMetrics } = await producer.collect();
            const batch = encodeBatch({ ...resourceMetrics, resource }, { maxBytes: 256 * 1024 });
            for (let step = batch.lazy?.next(); step && !step.done; ) step = batch.lazy.next();
          },
          shared: () => recorder.memory,
        });
      },
    }),
  };
}

/**
 * The least that a counter with these promises can be in this engine: an entry of a Map, since other ways to look labels up
 * hash their text each time; an object to hold, with one field; the labels as text, once; 24 bytes of shared memory.
 */
const least = {
  rival: 'OTel: counter',
  make: () => ({
    run: () => {
      const root = new Map();
      const text = Buffer.alloc(SERIES * 64);
      let used = 0;
      let series = 0;
      return measured({
        record(i) {
          const { method, route, shard } = labels(i);
          const byRoute = root.get(method) ?? new Map();
          const byShard = byRoute.get(route) ?? new Map();
          root.set(method, byRoute.set(route, byShard.set(shard, new Held(i))));
          used += text.write(`method=${method} route=${route} shard=${shard} `, used);
          series += 1;
        },
        shared: () => used + series * 24,
      });
    },
  }),
};
class Held {
  constructor(index) {
    this.index = index;
  }
}

export const cases = {
  'floor: the least of a counter': least,
  'OTel: counter': stock('counter'),
  counter: ours('OTel: counter', 'counter'),
  'OTel: histogram, 15 bounds': stock('histogram'),
  'histogram, 15 bounds': ours('OTel: histogram, 15 bounds', 'histogram', { buckets: { m: BOUNDS } }),
  'OTel: exponential histogram': stock('histogram', { exponential: true }),
  'exponential histogram': ours('OTel: exponential histogram', 'histogram'),
};
