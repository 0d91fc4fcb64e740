import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { counter, gauge, histogram, setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
// The encoder has no public name: the exporter is.
import { encodeBatch } from '../../packages/otlp/dist/encode/batch.js';
import { watchBlocks } from '../lib/blocks.mjs';
import { summary } from '../lib/measure.mjs';
import { BOUNDS, otel } from '../lib/rivals.mjs';
import { EXPORT_PATH, sink } from '../lib/sink.mjs';

export const title = 'Export: collect and encode all series';
export const note = `Series with 3 labels, all recorded on between two cycles, each histogram with 30 different samples a cycle
at 10,000 series and less. Each case runs for a second, and three cycles at least, before it is measured. OTel is
\`collect()\` and the stock protobuf serializer. Ostinato's collection is lazy: what it reads, it reads while encoding. What
has more cycles in that second has larger counts, and so more bytes. The longest block is that of the event loop: in whole
exports over gRPC for Ostinato, in the cycle alone for OTel. It is that of the best of four, beside that of the first, which
loads and connects gRPC. What garbage collections took of it is not counted, nor (on Linux) what the thread waited for a processor
that others had, by the kernel's account. The floors send 10 bytes by \`@grpc/grpc-js\` and do nothing else; the first of
their calls is that of the process.`;
export const unit = 'µs a cycle';
export const rounds = 1;
export const newerNode = true;

const kb = (bytes) => (bytes === undefined ? '' : `${Math.round(bytes / 1000)}`);
export const columns = [
  { title: 'collect', show: (result) => result.collect?.toFixed(0) ?? '' },
  { title: 'longest block, ms', show: (result) => result.block?.toFixed(1) ?? '' },
  { title: 'of the first export', show: (result) => result.firstBlock?.toFixed(1) ?? '' },
  { title: 'kB', show: (result) => kb(result.size) },
];

const labels = (i) => ({ method: 'GET', route: `/route/${i % 1000}`, shard: (i / 1000) | 0 });
const limitsFor = (series) => ({
  cardinality: { perMetric: series * 2, total: series * 2 },
  maxMemory: 1024 * 1024 * 1024,
});

const WARM_MILLIS = 1_000;

/**
 * Repeats record (not measured) and a cycle (measured), after it did so for a while: until the code is compiled and the
 * memory that cycles leave is used again. `cycle` returns what it knows of itself.
 */
async function cycles(series, record, cycle) {
  const count = series >= 100_000 ? 3 : 30;
  const warmUntil = performance.now() + WARM_MILLIS;
  let warm = 0;
  for (; warm < 3 || performance.now() < warmUntil; warm += 1) {
    record(warm);
    await cycle();
  }
  const micros = [];
  const collects = [];
  let size = 0;
  for (let i = 0; i < count; i += 1) {
    record(warm + i);
    const start = performance.now();
    const about = await cycle();
    const end = performance.now();
    micros.push((end - start) * 1e3);
    collects.push((about.collected - start) * 1e3);
    size = about.size;
  }
  return { ...summary(micros), collect: Math.min(...collects), size };
}

const TRIES = 4;
const SAMPLES = (series) => (series > 10_000 ? 3 : 30);
/** Spread over two orders of magnitude, as durations are. */
const sample = (cycle, i) => 10 * 1.17 ** ((cycle * 7 + i * 11) % 30);

const OPERATIONS = {
  counter: (record) => (_, each) => record(each, 1),
  gauge: (record) => (cycle, each) => record(each, cycle + 0.5),
  histogram: (record, series) => (cycle, each) => {
    for (let i = 0; i < SAMPLES(series); i += 1) record(each, sample(cycle, i));
  },
};

function stock(kind, series, { exponential = false } = {}) {
  return {
    make: () => ({
      run: async () => {
        const { meter, reader } = otel({ exponential, series: series * 2 });
        const make = { counter: 'createCounter', gauge: 'createGauge', histogram: 'createHistogram' }[kind];
        const instrument = meter[make]('m');
        const operate = OPERATIONS[kind](
          kind === 'counter' ? (each, v) => instrument.add(v, each) : (each, v) => instrument.record(v, each),
          series,
        );
        const attributes = Array.from({ length: series }, (_, i) => labels(i));
        const recordAll = (cycle) => {
          for (const each of attributes) operate(cycle, each);
        };
        const cycle = async () => {
          const { resourceMetrics } = await reader.collect();
          const collected = performance.now();
          return { collected, size: ProtobufMetricsSerializer.serializeRequest(resourceMetrics).length };
        };
        const result = await cycles(series, recordAll, cycle);
        const blocks = await watchBlocks(TRIES, recordAll, cycle);
        return { ...result, ...blocks };
      },
    }),
  };
}

const MAKE = { counter, gauge, histogram };

function ours(rival, kind, series, options = {}) {
  return {
    rival,
    make: () => ({
      run: async () => {
        const recorder = createRecorder({ ...limitsFor(series), ...options });
        setGlobalRecorder(recorder);
        const handles = Array.from({ length: series }, (_, i) => MAKE[kind]('m', labels(i)));
        const operate = OPERATIONS[kind](
          {
            counter: (each, v) => each.increment(v),
            gauge: (each, v) => each.set(v),
            histogram: (each, v) => each.record(v),
          }[kind],
          series,
        );
        const recordAll = (cycle) => {
          for (const each of handles) operate(cycle, each);
        };
        const producer = metricProducer(recorder, { temporality: 'cumulative' });
        const resource = resourceFromAttributes({ 'service.name': 'bench' });
        const result = await cycles(series, recordAll, async () => {
          const { resourceMetrics } = await producer.collect();
          const collected = performance.now();
          const batch = encodeBatch({ ...resourceMetrics, resource }, { maxBytes: 256 * 1024 });
          let size = 0;
          for (let step = batch.lazy?.next(); step && !step.done; step = batch.lazy.next()) {
            size += step.value?.bytes.length ?? 0;
          }
          return { collected, size };
        });
        const collector = await sink();
        const exporter = collector.exporter();
        const blocks = await watchBlocks(TRIES, recordAll, async () => {
          const { resourceMetrics } = await producer.collect();
          await new Promise((done) => exporter.export({ ...resourceMetrics, resource }, done));
        });
        await exporter.shutdown();
        await collector.stop();
        return { ...result, ...blocks };
      },
    }),
  };
}

const buckets = { m: BOUNDS };
const thousands = (series) => series.toLocaleString('en');

function at(series, { large = false } = {}) {
  const n = thousands(series);
  return {
    [`OTel: ${n} counters`]: stock('counter', series),
    [`${n} counters`]: ours(`OTel: ${n} counters`, 'counter', series),
    ...(large
      ? {}
      : {
          [`OTel: ${n} gauges`]: stock('gauge', series),
          [`${n} gauges`]: ours(`OTel: ${n} gauges`, 'gauge', series),
          [`OTel: ${n} histograms, 15 bounds`]: stock('histogram', series),
          [`${n} histograms, 15 bounds`]: ours(`OTel: ${n} histograms, 15 bounds`, 'histogram', series, {
            buckets,
          }),
        }),
    [`OTel: ${n} exponential histograms`]: stock('histogram', series, { exponential: true }),
    [`${n} exponential histograms`]: ours(`OTel: ${n} exponential histograms`, 'histogram', series),
  };
}

/** What gRPC takes by itself, with nothing to send. */
function bareGrpc({ connected }) {
  return {
    make: () => ({
      run: async () => {
        const receiver = await sink();
        const client = new Client(receiver.endpoint.replace('http://', ''), credentials.createInsecure());
        const asIs = (bytes) => bytes;
        const call = () =>
          new Promise((resolve, reject) => {
            const done = (error) => (error ? reject(error) : resolve());
            client.makeUnaryRequest(EXPORT_PATH, asIs, asIs, Buffer.alloc(10), new Metadata(), done);
          });
        if (connected) {
          await new Promise((resolve, reject) => {
            client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()));
          });
        }
        const blocks = await watchBlocks(TRIES, () => {}, call);
        const micros = [];
        for (let i = 0; i < 1_000; i += 1) {
          const start = performance.now();
          await call();
          micros.push((performance.now() - start) * 1e3);
        }
        client.close();
        await receiver.stop();
        return { ...summary(micros), ...blocks };
      },
    }),
  };
}

export const cases = {
  'floor: calls of bare gRPC': bareGrpc({ connected: false }),
  'floor: calls of bare gRPC, connected before': bareGrpc({ connected: true }),
  ...at(1_000),
  ...at(10_000),
  ...at(100_000, { large: true }),
};
