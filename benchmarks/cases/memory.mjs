import { getHeapSpaceStatistics } from 'node:v8';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
import { encodeBatch } from '../../packages/otlp/dist/encode/batch.js';
import { BOUNDS, otel } from '../lib/rivals.mjs';

export const title = 'Memory: bytes a series';
export const note = `10,000 series with 3 labels, recorded on by label objects that nobody keeps: what stays on the heap and outside it
(shared memory, buffers) per series, compiled code left out, before and after the first two exports. Histograms hold 30 different samples.`;
export const unit = 'bytes a series';
export const rounds = 1;
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

const SERIES = 10_000;
const limits = { cardinality: { perMetric: SERIES * 2, total: SERIES * 2 } };
const routes = Array.from({ length: 1000 }, (_, i) => `/route/${i}`);
const labels = (i) => ({ method: 'GET', route: routes[i % 1000], shard: (i / 1000) | 0 });
const sample = (i) => 10 * 1.17 ** (i % 30);

/** What the compiler made meanwhile is there once, for however many series, and more or less of it by chance. */
function compiled() {
  let bytes = 0;
  for (const space of getHeapSpaceStatistics()) {
    if (/^(code|trusted)_/.test(space.space_name)) bytes += space.space_used_size;
  }
  return bytes;
}

function used(shared) {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed - compiled(), outside: external + shared };
}

/** `shared` says how much of the recorder's memory is in use: Node counts it whole, or not at all. */
async function measured(shared, recordAll, collect) {
  const before = used(0);
  recordAll();
  const recorded = used(shared());
  for (let i = 0; i < 2; i += 1) await collect();
  const exported = used(shared());
  const per = (now, then) => Math.max(0, now - then) / SERIES;
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
        const recordAll = () => {
          for (let i = 0; i < SERIES; i += 1) {
            if (kind === 'counter') instrument.add(1, labels(i));
            else for (let s = 0; s < 30; s += 1) instrument.record(sample(s), labels(i));
          }
        };
        return measured(
          () => 0,
          recordAll,
          async () => {
            const { resourceMetrics } = await reader.collect();
            ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
          },
        );
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
        const recordAll = () => {
          for (let i = 0; i < SERIES; i += 1) {
            if (kind === 'counter') counter('m', labels(i)).increment();
            else for (let s = 0; s < 30; s += 1) histogram('m', labels(i)).record(sample(s));
          }
        };
        const producer = metricProducer(recorder, { temporality: 'cumulative' });
        const resource = resourceFromAttributes({ 'service.name': 'bench' });
        const empty = recorder.memory;
        return measured(
          () => recorder.memory - empty,
          recordAll,
          async () => {
            const { resourceMetrics } = await producer.collect();
            const batch = encodeBatch({ ...resourceMetrics, resource }, { maxBytes: 256 * 1024 });
            for (let step = batch.lazy?.next(); step && !step.done; ) step = batch.lazy.next();
          },
        );
      },
    }),
  };
}

export const cases = {
  'OTel: counter': stock('counter'),
  counter: ours('OTel: counter', 'counter'),
  'OTel: histogram, 15 bounds': stock('histogram'),
  'histogram, 15 bounds': ours('OTel: histogram, 15 bounds', 'histogram', { buckets: { m: BOUNDS } }),
  'OTel: exponential histogram': stock('histogram', { exponential: true }),
  'exponential histogram': ours('OTel: exponential histogram', 'histogram'),
};
