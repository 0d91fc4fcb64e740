import { runFixture } from '../support/run.ts';

test('a reader for each request left something behind for ever where nothing expires', () => {
  const { largest, active, size } = runFixture('weak-list.mjs', ['--expose-gc']) as Record<string, unknown>;
  expect(largest).toBeLessThan(1_000);
  expect(active).toEqual([{ at: 0 }, { at: 1 }]);
  expect(size).toBe(2);
});
