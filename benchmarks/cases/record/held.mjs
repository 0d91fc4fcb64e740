import { counter, defineHistogram, gauge, histogram, setGlobalRecorder } from '@ostinato/core';
import { AtomicBucket, createRecorder } from '@ostinato/recorder';
import { BOUNDS, newer, otel } from '../../lib/rivals.mjs';

export const install = (options) => setGlobalRecorder(createRecorder(options));

/** A service has some handles, not one: 64, used in turn. */
const HANDLES = 64;
const many = (make) => Array.from({ length: HANDLES }, (_, i) => make(i));

/*
 * Handles are constants, as in the module of a service: the compiler knows them, a parameter it would read at each turn.
 * Four short operations a turn: beside a call that may happen, a loop's counter lives in memory, and going through that
 * takes as long as an increment does (`one a turn` is what bare loops are compared with). Each is bound before, as happens
 * once in its life.
 */
export function increments(handle) {
  const c = handle;
  return (n) => {
    for (let i = 0; i < n; i += 4) {
      c.increment();
      c.increment();
      c.increment();
      c.increment();
    }
  };
}
export function incrementsOf(handles) {
  const all = handles;
  for (const each of all) each.increment();
  return (n) => {
    for (let i = 0; i < n; i += 4) {
      all[i & 63].increment();
      all[(i + 1) & 63].increment();
      all[(i + 2) & 63].increment();
      all[(i + 3) & 63].increment();
    }
  };
}
/** Each of the 64 is given all of the samples, not always the same few. */
export function recordsOf(handles) {
  const all = handles;
  for (const each of all) each.record(1);
  return (n) => {
    for (let i = 0; i < n; i += 1) all[i & 63].record(((i + (i >> 6)) & 1023) + 0.5);
  };
}
/** As a handler does that records a duration and a size, when the least and the largest have been there. */
function recordsOfTwo([first, second]) {
  const [a, b] = [first, second];
  for (const each of [a, b]) {
    each.record(0.5);
    each.record(1023.5);
  }
  return (n) => {
    for (let i = 0; i < n; i += 2) {
      const sample = (i & 1023) + 0.5;
      a.record(sample);
      b.record(sample);
    }
  };
}
function adds(instrument) {
  const c = instrument;
  return (n) => {
    for (let i = 0; i < n; i += 1) c.add(1);
  };
}
function addsOf(instruments) {
  const all = instruments;
  return (n) => {
    for (let i = 0; i < n; i += 1) all[i & 63].add(1);
  };
}
export function records(handle) {
  const h = handle;
  return (n) => {
    for (let i = 0; i < n; i += 1) h.record((i & 1023) + 0.5);
  };
}

/** As in a service: a name that is bound once, where the compiler finds which handle it is. */
function incrementsOfFour([first, second, third, fourth]) {
  const [a, b, c, d] = [first, second, third, fourth];
  for (const each of [a, b, c, d]) each.increment();
  return (n) => {
    for (let i = 0; i < n; i += 4) {
      a.increment();
      b.increment();
      c.increment();
      d.increment();
    }
  };
}

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

const otelHistograms = ({ meter }) => many((i) => meter.createHistogram(`h${i}`));

/** Operations on something that was made once and is kept. */
export const held = {
  'OTel: counter, no attributes': { make: () => adds(otel().meter.createCounter('c')) },
  'OTel: counters, no attributes, 64': {
    make: () => {
      const { meter } = otel();
      return addsOf(many((i) => meter.createCounter(`c${i}`)));
    },
  },
  'OTel: gauges, no attributes, 64': {
    make: () => {
      const { meter } = otel();
      const all = many((i) => meter.createGauge(`g${i}`));
      return (n) => {
        for (let i = 0; i < n; i += 1) all[i & 63].record(i);
      };
    },
  },
  'OTel: up-down counters, no attributes, 64': {
    make: () => {
      const { meter } = otel();
      return addsOf(many((i) => meter.createUpDownCounter(`c${i}`)));
    },
  },
  'OTel: histogram, 15 bounds': { make: () => records(otel().meter.createHistogram('h')) },
  'OTel: histogram, 15 bounds, of a duration': {
    make: () => {
      const h = otel().meter.createHistogram('h');
      return (n) => {
        for (let i = 0; i < n; i += 1) {
          const start = performance.now();
          h.record(performance.now() - start);
        }
      };
    },
  },
  'OTel: histograms, 15 bounds, 64': { make: () => recordsOf(otelHistograms(otel())) },
  'OTel: histogram, exponential': {
    make: () => records(otel({ exponential: true }).meter.createHistogram('h')),
  },
  'OTel: histograms, exponential, 64': { make: () => recordsOf(otelHistograms(otel({ exponential: true }))) },
  'OTel 3: counter, no attributes': {
    newer: true,
    make: () => {
      const { MeterProvider, MetricReader } = newer('@opentelemetry/sdk-metrics');
      class Reader extends MetricReader {
        async onForceFlush() {}
        async onShutdown() {}
      }
      return adds(new MeterProvider({ readers: [new Reader()] }).getMeter('bench').createCounter('c'));
    },
  },
  'Rust: counter, one': { rust: 'counter' },
  'Rust: counters, 64': { rust: 'counters' },
  'Rust: gauges, 64': { rust: 'gauges' },
  'Rust: AtomicBucket push': { rust: 'histogram' },
  'Rust: AtomicBucket push, 64': { rust: 'histograms' },
  'held counter': {
    rival: 'OTel: counters, no attributes, 64',
    make: () => {
      install();
      return incrementsOf(many((i) => counter('c', { i })));
    },
  },
  'held counter, one a turn': {
    rival: 'floor: typed-array add, 64 slots',
    make: () => {
      install();
      const all = many((i) => counter('c', { i }));
      for (const each of all) each.increment();
      return (n) => {
        for (let i = 0; i < n; i += 1) all[i & 63].increment();
      };
    },
  },
  'held counter, one': {
    rival: 'floor: typed-array add, one slot',
    make: () => {
      install();
      return increments(counter('c'));
    },
  },
  'held counter, four constants': {
    rival: 'OTel: counters, no attributes, 64',
    make: () => {
      install();
      return incrementsOfFour(many((i) => counter('c', { i })));
    },
  },
  'held gauge, set': {
    rival: 'OTel: gauges, no attributes, 64',
    make: () => {
      install();
      const all = many((i) => gauge('g', { i }));
      for (const each of all) each.set(0);
      return (n) => {
        for (let i = 0; i < n; i += 4) {
          all[i & 63].set(i);
          all[(i + 1) & 63].set(i);
          all[(i + 2) & 63].set(i);
          all[(i + 3) & 63].set(i);
        }
      };
    },
  },
  'held gauge, increment': {
    rival: 'OTel: up-down counters, no attributes, 64',
    make: () => {
      install();
      return incrementsOf(many((i) => gauge('g', { i })));
    },
  },
  'held histogram, 15 bounds': {
    rival: 'OTel: histograms, 15 bounds, 64',
    make: () => {
      install({ buckets: { h: BOUNDS } });
      return recordsOf(many((i) => histogram('h', { i })));
    },
  },
  'held histogram, 15 bounds, one': {
    rival: 'OTel: histogram, 15 bounds',
    make: () => {
      install({ buckets: { h: BOUNDS } });
      return records(histogram('h'));
    },
  },
  'held histogram, exponential': {
    rival: 'OTel: histograms, exponential, 64',
    make: () => {
      install();
      return recordsOf(many((i) => histogram('h', { i })));
    },
  },
  'held histogram, exponential, one': {
    rival: 'OTel: histogram, exponential',
    make: () => {
      install();
      return records(histogram('h'));
    },
  },
  'held histograms, 15 bounds, two in one function': {
    rival: 'OTel: histogram, 15 bounds',
    make: () => {
      install({ buckets: { h: BOUNDS } });
      return recordsOfTwo(many((i) => histogram('h', { i })));
    },
  },
  'held histograms, exponential, two in one function': {
    rival: 'OTel: histogram, exponential',
    make: () => {
      install();
      return recordsOfTwo(many((i) => histogram('h', { i })));
    },
  },
  'held histogram, a timer': {
    rival: 'OTel: histogram, 15 bounds, of a duration',
    make: () => {
      install({ buckets: { h: BOUNDS } });
      const h = defineHistogram('h', { unit: 'ms' });
      return (n) => {
        for (let i = 0; i < n; i += 1) h.startTimer().stop();
      };
    },
  },
  'AtomicBucket: push': { rival: 'Rust: AtomicBucket push', make: () => ({ run: pushes }) },
  'AtomicBucket: push and drain': {
    rival: 'Rust: AtomicBucket push',
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
};
