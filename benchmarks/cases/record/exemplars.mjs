import { counter, defineCounter, histogram, setTraceContext, withLabels } from '@ostinato/core';
import { BOUNDS } from '../../lib/rivals.mjs';
import { increments, incrementsOf, install, records, recordsOf } from './held.mjs';

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
const OFF = { exemplars: 'always_off' };
const all = (make) => Array.from({ length: 64 }, (_, i) => make('m', { i }));

const counters = (begin, options) => ({
  rival: 'held counter',
  make: () => {
    begin(options);
    return incrementsOf(all(counter));
  },
});
const exponential = (begin, options) => ({
  rival: 'held histogram, exponential',
  make: () => {
    begin(options);
    return recordsOf(all(histogram));
  },
});

/** One handle, in a span. */
const one = (rival, make, use, options) => ({
  rival,
  make: () => {
    inSpan(options);
    return use(make('m'));
  },
});

/** What exemplars, and labels of the context, cost a handle. */
export const exemplars = {
  'held counter, one, exemplars on, span active': one('held counter, one', counter, increments),
  'held histogram, exponential, one, exemplars on, span active': one(
    'held histogram, exponential, one',
    histogram,
    records,
  ),
  'held histogram, 15 bounds, one, exemplars on, span active': one(
    'held histogram, 15 bounds, one',
    histogram,
    records,
    { buckets: { m: BOUNDS } },
  ),
  'held counter, exemplars on, span active': counters(inSpan),
  'held counter, exemplars on, no span': counters(outsideOfSpans),
  'held counter, exemplars off': counters(inSpan, OFF),
  'held histogram, exponential, exemplars on, span active': exponential(inSpan),
  'held histogram, exponential, exemplars on, no span': exponential(outsideOfSpans),
  'held histogram, exponential, exemplars off': exponential(inSpan, OFF),
  'held histogram, 15 bounds, exemplars on, span active': {
    rival: 'held histogram, 15 bounds',
    make: () => {
      inSpan({ buckets: { m: BOUNDS } });
      return recordsOf(all(histogram));
    },
  },
  'counter with a label of the context, which stays': {
    rival: 'OTel: counter, 1 attribute',
    make: () => {
      install();
      const increment = increments(defineCounter('c', { contextLabels: ['tenant'] }));
      return (n) => withLabels({ tenant: 'acme' }, () => increment(n));
    },
  },
};
