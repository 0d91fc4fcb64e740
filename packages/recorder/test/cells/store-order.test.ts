import type { HistogramSink } from '@ostinato/core';
import { Threads } from '../support/threads.ts';

/** Notes the order in which a sink's slots are written from now on. */
function stores(sink: { slots?: Float64Array; index?: number }): number[] {
  const order: number[] = [];
  const slots = sink.slots as Float64Array;
  sink.slots = new Proxy(slots, {
    get: (target, at) => Reflect.get(target, at, target),
    set(target, at, value) {
      order.push(Number(at) - (sink.index as number));
      return Reflect.set(target, at, value, target);
    },
  });
  return order;
}

const SUM = 1;
const WRITES = 0;

test.each([
  ['explicit', 'record', { buckets: [1, 10] }],
  ['explicit', 'take', { buckets: [1, 10] }],
  ['exponential', 'record', {}],
  ['exponential', 'take', {}],
])(
  'the sum of the last sample of a thread is not lost to deltas: %s histograms store it before the bucket (%s)',
  (name, method, meta) => {
    const threads = new Threads(1);
    const sink = threads.histogram(0, name, {}, meta) as HistogramSink & { slots: Float64Array };
    sink.record(5, 1);
    const order = stores(sink as never);
    if (method === 'record') sink.record(5, 1);
    else expect(sink.take?.(5, sink.slots)).toBeGreaterThanOrEqual(0);
    // No minimum and maximum: they are what they were.
    expect(order).toEqual([SUM, expect.any(Number), WRITES]);
    expect(order[1]).toBeGreaterThan(3);
  },
);
