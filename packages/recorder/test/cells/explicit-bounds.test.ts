import fc from 'fast-check';
import { ExplicitBounds, searchAmong } from '../../src/cells/explicit-bounds.ts';
import { neighbour } from '../support/exact-root.ts';

const anyBounds = fc
  .uniqueArray(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.integer({ min: -3, max: 30 }),
    ),
    { maxLength: 40, selector: (bound) => bound + 0 },
  )
  .map((bounds) => bounds.map((bound) => bound + 0).sort((a, b) => a - b));

const expected = (bounds: readonly number[], value: number) => bounds.filter((bound) => bound < value).length;

test('any value is put into the bucket whose bounds it lies between, upper bound inclusive', () => {
  fc.assert(
    fc.property(
      anyBounds,
      fc.array(fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true })),
      (bounds, values) => {
        const search = new ExplicitBounds(bounds);
        const near = bounds
          .filter((bound) => bound > 0)
          .flatMap((bound) => [neighbour(bound, -1), bound, neighbour(bound, 1)]);
        for (const value of [...values, ...near, 0, Number.MIN_VALUE, Number.MAX_VALUE]) {
          if (value < Infinity) expect([value, search.find(value)]).toEqual([value, expected(bounds, value)]);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['no bounds', []],
  ['one bound', [5]],
  ['zero', [0]],
  ['only negative bounds', [-2, -1]],
  ['the whole range of doubles', [Number.MIN_VALUE, 1e-300, 1, 1e300, Number.MAX_VALUE]],
  ['neighbours', [1, neighbour(1, 1), neighbour(1, 2)]],
  ['very many', Array.from({ length: 200_000 }, (_, i) => i)],
])('finds its way with %s', (_, bounds) => {
  const search = new ExplicitBounds(bounds);
  const values = [0, 0.5, 1, 1.5, 5, 5.5, 199_998.5, 1e300, Number.MIN_VALUE, Number.MAX_VALUE];
  for (const value of [...values, ...bounds.slice(0, 50).filter((bound) => bound >= 0)]) {
    expect([value, search.find(value)]).toEqual([value, expected(bounds, value)]);
  }
});

test('lists that have no place in the pool, or are too many for it, are searched alike', () => {
  const lists = Array.from({ length: 70 }, (_, i) => [i + 0.5, 100, 1_000]);
  const searches = lists.map(searchAmong);
  expect(searches.filter(({ isPooled }) => isPooled).length).toBeGreaterThan(0);
  expect(searches.at(-1)?.isPooled).toBe(false);
  expect(searchAmong(lists[0] as number[])).toBe(searches[0]);
  for (const [i, search] of searches.entries()) {
    for (const value of [0, i, i + 0.5, i + 1, 100, 101, 1e9]) {
      expect([i, value, search.find(value)]).toEqual([i, value, expected(lists[i] as number[], value)]);
    }
  }
});
