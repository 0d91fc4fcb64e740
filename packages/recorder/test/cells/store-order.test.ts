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
  ['explicit', { buckets: [1, 10] }],
  ['exponential', {}],
])(
  'the sum of the last sample of a thread is not lost to deltas: %s histograms store it before the bucket',
  (name, meta) => {
    const threads = new Threads(1);
    const sink = threads.histogram(0, name, {}, meta);
    sink.record(5, 1);
    const order = stores(sink as never);
    sink.record(5, 1);
    // No minimum and maximum: they are what they were.
    expect(order).toEqual([SUM, expect.any(Number), WRITES]);
    expect(order[1]).toBeGreaterThan(3);
  },
);
