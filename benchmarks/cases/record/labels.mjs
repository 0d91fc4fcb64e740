import { createRequire } from 'node:module';
import { counter, defineCounter, defineHistogram, histogram } from '@ostinato/core';
import { newer, otel } from '../../lib/rivals.mjs';
import { install } from './held.mjs';

const require = createRequire(import.meta.url);

const method = 'GET';
const NAMES = ['method', 'route', 'status'];
const EIGHT = [...NAMES, 'region', 'zone', 'host', 'version', 'tenant'];

/** Label values are made beforehand, as a router's are; the object that holds them is made for each call. */
const values = (sets) => Array.from({ length: sets }, (_, i) => `/route/${i}`);

/** Calls `use` with a fresh object of so many labels, of which `sets` different ones take turns. */
const FRESH = {
  0: (use) => (n) => {
    for (let i = 0; i < n; i += 1) use(undefined);
  },
  1: (use, sets) => {
    const routes = values(sets);
    return (n) => {
      for (let i = 0; i < n; i += 1) use({ route: routes[i % sets] });
    };
  },
  3: (use, sets) => {
    const routes = values(sets);
    return (n) => {
      for (let i = 0; i < n; i += 1) use({ method, route: routes[i % sets], status: 200 });
    };
  },
  8: (use, sets) => {
    const routes = values(sets);
    return (n) => {
      for (let i = 0; i < n; i += 1) {
        use({
          method,
          route: routes[i % sets],
          status: 200,
          region: 'eu',
          zone: 'a',
          host: 'h1',
          version: '1.2.3',
          tenant: true,
        });
      }
    };
  },
};

const fresh = (labels, sets, prepare) => () => FRESH[labels](prepare(), sets);

const stock = (labels, sets = 100, series = 4_000) =>
  fresh(labels, sets, () => {
    const c = otel({ series }).meter.createCounter('c');
    return (attributes) => c.add(1, attributes);
  });
const stockHistogram = fresh(3, 100, () => {
  const h = otel().meter.createHistogram('h');
  return (attributes) => h.record(7.5, attributes);
});

const limits = { cardinality: { perMetric: 4_000, total: 10_000 } };
const freeForm = (labels, sets = 100) =>
  fresh(labels, sets, () => {
    install(limits);
    return (given) => counter('c', given).increment();
  });
const family = (labels, names, sets = 100) =>
  fresh(labels, sets, () => {
    install(limits);
    const c = defineCounter('c', { labels: names });
    return (given) => c.with(given).increment();
  });
const positional = (sets) => () => {
  install(limits);
  const c = defineCounter('c', { labels: NAMES });
  const routes = values(sets);
  return (n) => {
    for (let i = 0; i < n; i += 1) c.labels(method, routes[i % sets], 200).increment();
  };
};

const promCounter = (client) => {
  const c = new client.Counter({ name: 'c', help: 'c', labelNames: NAMES, registers: [] });
  return (labels) => c.inc(labels);
};
/** What `labels(…)` returned once: it looks them up each time all the same. */
const keptChild = (client) => {
  const c = new client.Counter({ name: 'c', help: 'c', labelNames: NAMES, registers: [] });
  const all = values(64).map((route) => c.labels(method, route, 200));
  return (n) => {
    for (let i = 0; i < n; i += 1) all[i & 63].inc();
  };
};
const promHistogram = (client) => {
  const h = new client.Histogram({ name: 'h', help: 'h', labelNames: NAMES, registers: [] });
  return (labels) => h.observe(labels, 7.5);
};

/** Operations on a series that is named by its labels each time; 100 label sets where nothing else is said. */
export const labels = {
  'OTel: counter, 1 attribute': { make: stock(1) },
  'OTel: counter, 3 attributes': { make: stock(3) },
  'OTel: counter, 3 attributes, 1 set': { make: stock(3, 1) },
  'OTel: counter, 3 attributes, 2,000 sets': { make: stock(3, 2_000) },
  'OTel: counter, 8 attributes': { make: stock(8) },
  'OTel: histogram, 3 attributes': { make: stockHistogram },
  'OTel 3: counter, 3 attributes': {
    newer: true,
    make: fresh(3, 100, () => {
      const { MeterProvider, MetricReader } = newer('@opentelemetry/sdk-metrics');
      class Reader extends MetricReader {
        async onForceFlush() {}
        async onShutdown() {}
      }
      const c = new MeterProvider({ readers: [new Reader()] }).getMeter('bench').createCounter('c');
      return (attributes) => c.add(1, attributes);
    }),
  },
  'prom-client: counter, 3 labels': { make: fresh(3, 100, () => promCounter(require('prom-client'))) },
  'prom-client: counter, 3 labels, kept': { make: () => keptChild(require('prom-client')) },
  'prom-client: histogram, 3 labels': { make: fresh(3, 100, () => promHistogram(require('prom-client'))) },
  '@prometheus-io/client: counter, 3 labels': {
    newer: true,
    make: fresh(3, 100, () => promCounter(newer('@prometheus-io/client'))),
  },
  '@prometheus-io/client: counter, 3 labels, kept': {
    newer: true,
    make: () => keptChild(newer('@prometheus-io/client')),
  },
  '@prometheus-io/client: histogram, 3 labels': {
    newer: true,
    make: fresh(3, 100, () => promHistogram(newer('@prometheus-io/client'))),
  },
  'hot-shots: increment, 3 tags, sending nothing': {
    make: fresh(3, 100, () => {
      const { StatsD } = require('hot-shots');
      const client = new StatsD({ mock: true });
      return (tags) => {
        client.mockBuffer = [];
        client.increment('c', 1, tags);
      };
    }),
  },
  'Rust: macro, static labels': { rust: 'macro, static labels' },
  'Rust: macro, dynamic labels': { rust: 'macro, dynamic labels' },

  'family: labels(…), 3 labels': { rival: 'OTel: counter, 3 attributes', make: positional(100) },
  'family: labels(…), 3 labels, 2,000 sets': {
    rival: 'OTel: counter, 3 attributes, 2,000 sets',
    make: positional(2_000),
  },
  'family: with({…}), 1 label': { rival: 'OTel: counter, 1 attribute', make: family(1, ['route']) },
  'family: with({…}), 3 labels': { rival: 'OTel: counter, 3 attributes', make: family(3, NAMES) },
  'family: with({…}), 3 labels, 1 set': {
    rival: 'OTel: counter, 3 attributes, 1 set',
    make: family(3, NAMES, 1),
  },
  'family: with({…}), 3 labels, 2,000 sets': {
    rival: 'OTel: counter, 3 attributes, 2,000 sets',
    make: family(3, NAMES, 2_000),
  },
  'family: with({…}), 8 labels': { rival: 'OTel: counter, 8 attributes', make: family(8, EIGHT) },
  'family of histograms: with({…}), 3 labels': {
    rival: 'OTel: histogram, 3 attributes',
    make: fresh(3, 100, () => {
      install();
      const h = defineHistogram('h', { labels: NAMES });
      return (given) => h.with(given).record(7.5);
    }),
  },
  'free form, no labels': { rival: 'OTel: counter, no attributes', make: freeForm(0) },
  'free form, 1 label': { rival: 'OTel: counter, 1 attribute', make: freeForm(1) },
  'free form, 3 labels': { rival: 'OTel: counter, 3 attributes', make: freeForm(3) },
  'free form, 3 labels, 1 set': { rival: 'OTel: counter, 3 attributes, 1 set', make: freeForm(3, 1) },
  'free form, 3 labels, 2,000 sets': {
    rival: 'OTel: counter, 3 attributes, 2,000 sets',
    make: freeForm(3, 2_000),
  },
  'free form, 8 labels': { rival: 'OTel: counter, 8 attributes', make: freeForm(8) },
  'free form histogram, 3 labels': {
    rival: 'OTel: histogram, 3 attributes',
    make: fresh(3, 100, () => {
      install();
      return (given) => histogram('h', given).record(7.5);
    }),
  },
};
