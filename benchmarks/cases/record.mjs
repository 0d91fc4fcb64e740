import { Worker } from 'node:worker_threads';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  counter,
  defineCounter,
  gauge,
  histogram,
  setGlobalRecorder,
  setTraceContext,
  withLabels,
} from '@ostinato/core';
import {
  AtomicBucket,
  commonLabels,
  createRecorder,
  filter,
  prefix,
  redact,
  rename,
} from '@ostinato/recorder';

export const title = 'Record: one operation on a held handle, a family, or by name';

const install = (options) => setGlobalRecorder(createRecorder(options));
/** In a span whose trace is kept; it is looked for at few samples, so how it is found is no matter. */
const inSpan = (options) => {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    sampled: true,
  };
  setTraceContext({ activeSpan: () => span });
  install(options);
};
const outsideOfSpans = () => {
  setTraceContext({ activeSpan: () => undefined });
  install();
};
const bounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

class NeverReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}
const meter = () => new MeterProvider({ readers: [new NeverReader()] }).getMeter('bench');

const routes = Array.from({ length: 100 }, (_, i) => `/route/${i}`);
const method = 'GET';

const increments = (c) => (n) => {
  for (let i = 0; i < n; i += 1) c.increment();
};
const records = (h) => (n) => {
  for (let i = 0; i < n; i += 1) h.record((i & 1023) + 0.5);
};

/** Fills an empty ring again and again; draining it is not part of the time. */
function pushes() {
  const capacity = 65_536;
  const bucket = new AtomicBucket({ capacity });
  const fill = () => {
    for (let i = 0; i < capacity; i += 1) bucket.push((i & 1023) + 0.5, i & 63);
  };
  const nanos = [];
  for (let round = -20; round < 200; round += 1) {
    const start = performance.now();
    fill();
    if (round >= 0) nanos.push(((performance.now() - start) * 1e6) / capacity);
    bucket.drain(() => {});
  }
  nanos.sort((a, b) => a - b);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  fill();
  const bytes = Math.max(0, process.memoryUsage().heapUsed - before) / capacity;
  return { min: nanos[0], median: nanos[100], bytes: bytes < 0.5 ? 0 : bytes };
}

/** `rival` names the case that a case is compared with. */
export const cases = {
  'floor: typed-array add': {
    make: () => {
      const slots = new Float64Array(new SharedArrayBuffer(1024));
      return (n) => {
        for (let i = 0; i < n; i += 1) slots[i & 63] += 1;
      };
    },
  },
  'floor: Atomics.store': {
    make: () => {
      const words = new Int32Array(new SharedArrayBuffer(1024));
      return (n) => {
        for (let i = 0; i < n; i += 1) Atomics.store(words, 4, i);
      };
    },
  },
  'OTel: counter, no attributes': {
    make: () => {
      const c = meter().createCounter('c');
      return (n) => {
        for (let i = 0; i < n; i += 1) c.add(1);
      };
    },
  },
  'OTel: counter, 3 attributes': {
    make: () => {
      const c = meter().createCounter('c');
      return (n) => {
        for (let i = 0; i < n; i += 1) c.add(1, { method, route: routes[i % 100], status: 200 });
      };
    },
  },
  'OTel: histogram, no attributes': {
    make: () => records(meter().createHistogram('h')),
  },
  'held counter': {
    rival: 'OTel: counter, no attributes',
    make: () => {
      install();
      return increments(counter('c'));
    },
  },
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
      return increments(counter('c', { user: 'u', email: 'e' }));
    },
  },
  'held counter, held back by a filter': {
    rival: 'held counter',
    make: () => {
      setGlobalRecorder(createRecorder({ layers: [filter({ allow: [] })] }));
      return increments(counter('c'));
    },
  },
  'held counter, among 10,000 series': {
    rival: 'held counter',
    make: () => {
      install({ cardinality: { perMetric: 20_000, total: 20_000 } });
      const held = Array.from({ length: 10_000 }, (_, i) => counter('c', { i }));
      for (const each of held) each.increment();
      return increments(held[5_000]);
    },
  },
  'held counter, beside a worker that records': {
    rival: 'held counter',
    make: () => {
      install();
      const worker = new Worker(new URL('../lib/recording-worker.mjs', import.meta.url));
      worker.unref();
      return new Promise((resolve) => worker.once('message', () => resolve(increments(counter('c')))));
    },
  },
  'held counter, in a worker': {
    rival: 'held counter',
    make: () => {
      install();
      const worker = new Worker(new URL('../lib/recording-worker.mjs', import.meta.url), {
        workerData: 'measure',
      });
      const run = () => new Promise((resolve) => worker.once('message', resolve));
      return { run };
    },
  },
  'held gauge, set': {
    rival: 'OTel: counter, no attributes',
    make: () => {
      install();
      const g = gauge('g');
      return (n) => {
        for (let i = 0; i < n; i += 1) g.set(i);
      };
    },
  },
  'held histogram, exponential': {
    rival: 'OTel: histogram, no attributes',
    make: () => {
      install();
      return records(histogram('h'));
    },
  },
  'held histogram, 15 bounds': {
    rival: 'OTel: histogram, no attributes',
    make: () => {
      setGlobalRecorder(createRecorder({ buckets: { h: bounds } }));
      return records(histogram('h'));
    },
  },
  'held counter, exemplars on, span active': {
    rival: 'held counter',
    make: () => {
      inSpan();
      return increments(counter('c'));
    },
  },
  'held counter, exemplars on, no span': {
    rival: 'held counter',
    make: () => {
      outsideOfSpans();
      return increments(counter('c'));
    },
  },
  'held counter, exemplars off': {
    rival: 'held counter',
    make: () => {
      inSpan({ exemplars: 'always_off' });
      return increments(counter('c'));
    },
  },
  'held histogram, exponential, exemplars on, span active': {
    rival: 'held histogram, exponential',
    make: () => {
      inSpan();
      return records(histogram('h'));
    },
  },
  'held histogram, exponential, exemplars on, no span': {
    rival: 'held histogram, exponential',
    make: () => {
      outsideOfSpans();
      return records(histogram('h'));
    },
  },
  'held histogram, exponential, exemplars off': {
    rival: 'held histogram, exponential',
    make: () => {
      inSpan({ exemplars: 'always_off' });
      return records(histogram('h'));
    },
  },
  'held histogram, 15 bounds, exemplars on, span active': {
    rival: 'held histogram, 15 bounds',
    make: () => {
      inSpan({ buckets: { h: bounds } });
      return records(histogram('h'));
    },
  },
  'family, 3 labels: with({…})': {
    rival: 'OTel: counter, 3 attributes',
    make: () => {
      install();
      const family = defineCounter('c', { labels: ['method', 'route', 'status'] });
      return (n) => {
        for (let i = 0; i < n; i += 1)
          family.with({ method, route: routes[i % 100], status: 200 }).increment();
      };
    },
  },
  'family, 3 labels: labels(…)': {
    rival: 'OTel: counter, 3 attributes',
    make: () => {
      install();
      const family = defineCounter('c', { labels: ['method', 'route', 'status'] });
      return (n) => {
        for (let i = 0; i < n; i += 1) family.labels(method, routes[i % 100], 200).increment();
      };
    },
  },
  'counter with a label of the context': {
    rival: 'OTel: counter, 3 attributes',
    make: () => {
      install();
      const c = defineCounter('c', { contextLabels: ['tenant'] });
      const increment = increments(c);
      return (n) => withLabels({ tenant: 'acme' }, () => increment(n));
    },
  },
  'free form, 3 labels': {
    rival: 'OTel: counter, 3 attributes',
    make: () => {
      install();
      return (n) => {
        for (let i = 0; i < n; i += 1)
          counter('c', { method, route: routes[i % 100], status: 200 }).increment();
      };
    },
  },
  'AtomicBucket: push': {
    rival: 'floor: Atomics.store',
    make: () => ({ run: pushes }),
  },
  'AtomicBucket: push and drain': {
    rival: 'AtomicBucket: push',
    make: () => {
      const bucket = new AtomicBucket();
      const drain = () => {};
      return (n) => {
        for (let i = 1; i <= n; i += 1) {
          bucket.push((i & 1023) + 0.5, i & 63);
          if ((i & 65_535) === 0) bucket.drain(drain);
        }
        bucket.drain(drain);
      };
    },
  },
  'no recorder: held counter': {
    rival: 'OTel: counter, no attributes',
    make: () => increments(counter('c')),
  },
};
