import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { summary } from '../lib/measure.mjs';
import { otel } from '../lib/rivals.mjs';
import { sink } from '../lib/sink.mjs';

export const title = 'Delivery: to a local receiver, and by way of the fallback log';
export const note = `10,000 points an export (half counters, half exponential histograms of 30 samples, which are explicit ones of 15
bounds for OpenTelemetry), until acknowledged, in ns a point; CPU time is that of the whole process. Replay leaves 50 ms
between requests, on purpose. The log is written without \`fsync\`.`;
export const unit = 'ns a point';
export const rounds = 2;
export const columns = [
  { title: 'CPU', show: (result) => result.cpu.toFixed(0) },
  { title: 'points/s', show: (result) => Math.round(1e9 / result.min).toLocaleString('en') },
];

const SERIES = 10_000;
const EXPORTS = 10;
const labels = (i) => ({ method: 'GET', route: `/route/${i % 1000}`, shard: (i / 1000) | 0 });
const sample = (i) => 10 * 1.17 ** (i % 30);
const resource = resourceFromAttributes({ 'service.name': 'bench' });
const cpuNanos = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};

/** Series of a recorder, and how to collect them. */
function ours() {
  const recorder = createRecorder({ cardinality: { perMetric: SERIES * 2, total: SERIES * 2 } });
  setGlobalRecorder(recorder);
  const counters = Array.from({ length: SERIES / 2 }, (_, i) => counter('c', labels(i)));
  const histograms = Array.from({ length: SERIES / 2 }, (_, i) => histogram('h', labels(i)));
  const producer = metricProducer(recorder, { temporality: 'cumulative' });
  return {
    record() {
      for (const each of counters) each.increment();
      for (const each of histograms) for (let i = 0; i < 30; i += 1) each.record(sample(i));
    },
    async collect() {
      return { ...(await producer.collect()).resourceMetrics, resource };
    },
  };
}

function stock() {
  const { meter, reader } = otel({ series: SERIES * 2 });
  const c = meter.createCounter('c');
  const h = meter.createHistogram('h');
  const attributes = Array.from({ length: SERIES / 2 }, (_, i) => labels(i));
  return {
    record() {
      for (const each of attributes) c.add(1, each);
      for (const each of attributes) for (let i = 0; i < 30; i += 1) h.record(sample(i), each);
    },
    collect: async () => ({ ...(await reader.collect()).resourceMetrics, resource }),
  };
}

const exported = (exporter, batch) => new Promise((done) => exporter.export(batch, done));

/** The time and CPU of each of several runs of `work`, a point. */
async function timed(count, points, prepare, work) {
  const nanos = [];
  const cpus = [];
  for (let i = 0; i < count; i += 1) {
    await prepare();
    const [cpu, start] = [cpuNanos(), performance.now()];
    await work();
    nanos.push(((performance.now() - start) * 1e6) / points);
    cpus.push((cpuNanos() - cpu) / points);
  }
  return { ...summary(nanos), cpu: Math.min(...cpus) };
}

function delivered(source, make, rival) {
  return {
    rival,
    make: () => ({
      run: async () => {
        const { record, collect } = source();
        const collector = await sink();
        const exporter = make(collector.endpoint);
        record();
        await exported(exporter, await collect());
        return timed(EXPORTS, SERIES, record, async () => {
          const { code, error } = await exported(exporter, await collect());
          if (code !== 0) throw error;
        });
      },
    }),
  };
}

/** With the receiver away all exports go to the log; then it is back, and the log is replayed. */
function logged(part) {
  return {
    make: () => ({
      run: async () => {
        const { record, collect } = ours();
        const first = await sink();
        const { port, endpoint } = first;
        await first.stop();
        const directory = mkdtempSync(join(tmpdir(), 'ostinato-bench-log-'));
        const exporter = new OtlpMetricExporter({ endpoint, fallback: { directory, fsync: 'never' } });
        try {
          record();
          await exported(exporter, await collect());
          const written = await timed(EXPORTS, SERIES, record, async () =>
            exported(exporter, await collect()),
          );
          if (part === 'write') return written;
          const { points } = exporter.status().log;
          const second = await sink({ port });
          const replayed = await timed(
            1,
            points,
            () => {},
            async () => {
              while (exporter.status().account.logged > 0) await new Promise((next) => setTimeout(next, 5));
            },
          );
          await second.stop();
          return replayed;
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      },
    }),
  };
}

const stockExporter = (options) => (url) => new OTLPMetricExporter({ url, ...options });
const ourExporter = (options) => (endpoint) => new OtlpMetricExporter({ endpoint, ...options });

export const cases = {
  'OTel: collected and delivered': delivered(stock, stockExporter()),
  'OTel: the same, gzip': delivered(stock, stockExporter({ compression: 'gzip' })),
  'collected and delivered': delivered(ours, ourExporter(), 'OTel: collected and delivered'),
  'the same, gzip': delivered(ours, ourExporter({ compression: 'gzip' }), 'OTel: the same, gzip'),
  "OTel's instruments by our exporter": delivered(stock, ourExporter(), 'OTel: collected and delivered'),
  'written to the log, receiver away': logged('write'),
  'replayed from the log': logged('replay'),
};
