import type { Cell, HistogramSink, Meta } from '@ostinato/core';
import fc from 'fast-check';
import { neighbour } from '../support/exact-root.ts';
import { makeKey, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const BOUNDS = [-1, 0, 1e-15, 0.5, 1, 5, neighbour(5, 1), 10, 1e3, 1e18, 1e19, 1e300];

/** What handles do: `take`, and where that does nothing, `record`, if the value is valid. Returns whether it was taken. */
function operate(sink: HistogramSink, value: number, slots: Float64Array): boolean {
  if ((sink.take?.(value, slots) ?? -1) >= 0) return true;
  if (value >= 0 && value < Infinity) sink.record(value, 1);
  return false;
}

function cellOf(threads: Threads, name: string, meta: Meta) {
  const cell = threads.registries[0]!.cell('histogram', makeKey(name), meta) as Cell<HistogramSink>;
  return { sink: cell.sink, slots: cell.slots as Float64Array };
}

const anyValue = fc.oneof(
  fc.double({ min: 0, max: 2_000, noNaN: true }),
  fc.integer({ min: 0, max: 12 }),
  fc.double(),
  fc.constantFrom(...BOUNDS, ...BOUNDS.map((bound) => neighbour(Math.abs(bound), -1))),
  fc.constantFrom(
    0,
    -0,
    Number.MIN_VALUE,
    2 ** -1022,
    neighbour(2 ** -1022, -1),
    2 ** -40,
    2 ** 56,
    1e308,
    Number.MAX_VALUE,
  ),
);

test.each([
  ['explicit', { buckets: BOUNDS }],
  ['without bounds', { buckets: [] }],
  ['exponential', {}],
])('samples that are taken are what would have been recorded: %s', (_, meta) => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 200 }), (values) => {
      const threads = new Threads(1);
      const fast = cellOf(threads, 'fast', meta);
      const slow = cellOf(threads, 'slow', meta).sink;
      for (const value of values) {
        operate(fast.sink, value, fast.slots);
        if (value >= 0 && value < Infinity) slow.record(value, 1);
      }
      const [first, second] = readAll(threads.reader().collect()).map(
        ({ key: _key, name: _name, ...read }) => read,
      );
      expect(first).toEqual(second);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['explicit', { buckets: BOUNDS }],
  ['exponential', {}],
])('what lies between minimum and maximum is taken, these included: %s', (name, meta) => {
  const threads = new Threads(1);
  const { slots, sink } = cellOf(threads, name, meta);
  for (const value of [3, 7]) expect(operate(sink, value, slots)).toBe(false);
  for (const value of [3, 5, 7, neighbour(3, 1)]) expect(operate(sink, value, slots)).toBe(true);
  for (const value of [neighbour(3, -1), Number.NaN, -5, Infinity, -Infinity]) {
    expect(operate(sink, value, slots)).toBe(false);
  }
});

test('nothing is taken once the series is closed', () => {
  for (const meta of [{ buckets: BOUNDS }, {}]) {
    const threads = new Threads(1);
    const { slots, sink } = cellOf(threads, 'closed', meta);
    for (const value of [2, 2, 7]) operate(sink, value, slots);
    (sink as unknown as { close(): void }).close();
    // The first lies between the minimum and the maximum by the upper half of its bits alone, the other does not.
    for (const value of [3, 2]) expect(sink.take?.(value, slots)).toBe(-1);
  }
});
