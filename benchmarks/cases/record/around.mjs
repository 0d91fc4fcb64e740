import { Worker } from 'node:worker_threads';
import { metrics } from '@opentelemetry/api';
import { counter, defineCounter, histogram, setGlobalRecorder, withLocalRecorder } from '@ostinato/core';
import { commonLabels, createRecorder, filter, prefix, redact, rename } from '@ostinato/recorder';
import { measure } from '../../lib/measure.mjs';
import { increments, incrementsOf, install, recordsOf } from './held.mjs';

const worker = (workerData) =>
  new Worker(new URL('../../lib/recording-worker.mjs', import.meta.url), { workerData });
const counters = () => Array.from({ length: 64 }, (_, i) => counter('c', { i }));
const method = 'GET';

/** A held counter in circumstances, and what stays of it without a recorder. */
export const around = {
  'held counter, 5 layers': {
    rival: 'held counter',
    make: () => {
      const layers = [
        filter({ deny: ['debug.**'], directives: 'info,noisy=off' }),
        rename({ c: 'count' }),
        redact({ drop: ['email'], hash: { labels: ['user'], key: 'benchmark' } }),
        commonLabels({ region: 'eu' }),
        prefix('bench'),
      ];
      setGlobalRecorder(createRecorder({ layers }));
      return incrementsOf(Array.from({ length: 64 }, (_, i) => counter('c', { user: `u${i}`, email: 'e' })));
    },
  },
  'held counter, held back by a filter': {
    rival: 'held counter',
    make: () => {
      setGlobalRecorder(createRecorder({ layers: [filter({ allow: [] })] }));
      return incrementsOf(counters());
    },
  },
  'held counter, among 10,000 series': {
    rival: 'held counter',
    make: () => {
      install({ cardinality: { perMetric: 20_000, total: 20_000 } });
      const held = Array.from({ length: 10_000 }, (_, i) => counter('c', { i }));
      for (const each of held) each.increment();
      return incrementsOf(held.slice(5_000, 5_064));
    },
  },
  'held counter, a local recorder lives elsewhere': {
    rival: 'held counter',
    make: () => {
      install();
      withLocalRecorder(createRecorder(), () => counter('other').increment());
      return incrementsOf(counters());
    },
  },
  'held counter, inside a local recorder': {
    rival: 'held counter',
    make: () => ({
      run: () => withLocalRecorder(createRecorder(), () => measure(incrementsOf(counters()))),
    }),
  },
  'held counter, beside a worker that records': {
    rival: 'held counter',
    make: () => {
      install();
      const recording = worker();
      recording.unref();
      return new Promise((resolve) => recording.once('message', () => resolve(incrementsOf(counters()))));
    },
  },
  'held counter, in a worker': {
    rival: 'held counter',
    make: () => {
      install();
      const measuring = worker('measure');
      return { run: () => new Promise((resolve) => measuring.once('message', resolve)) };
    },
  },
  'OTel API without SDK: counter, 3 attributes': {
    make: () => {
      const c = metrics.getMeter('bench').createCounter('c');
      return (n) => {
        for (let i = 0; i < n; i += 1) c.add(1, { method, route: '/', status: 200 });
      };
    },
  },
  'Rust: counter, no recorder': { rust: 'noop' },
  'no recorder: held counter': { make: () => incrementsOf(counters()) },
  'no recorder: held counter, one': { make: () => increments(counter('c')) },
  'no recorder: held histogram': {
    make: () => recordsOf(Array.from({ length: 64 }, (_, i) => histogram('h', { i }))),
  },
  'no recorder: family, labels(…), 3 labels': {
    make: () => {
      const c = defineCounter('c', { labels: ['method', 'route', 'status'] });
      return (n) => {
        for (let i = 0; i < n; i += 1) c.labels(method, '/', 200).increment();
      };
    },
  },
  'no recorder: free form, 3 labels': {
    make: () => (n) => {
      for (let i = 0; i < n; i += 1) counter('c', { method, route: '/', status: 200 }).increment();
    },
  },
};
