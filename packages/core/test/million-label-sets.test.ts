import { runFixture } from './support/run.ts';

it('a million label sets leave no more than the caches behind, and all of them record', () => {
  const { off, on, recorded } = runFixture('million-label-sets.mjs', ['--expose-gc']) as Record<
    string,
    number
  >;
  expect(off).toBeLessThan(20e6);
  expect(on).toBeLessThan(20e6);
  expect(recorded).toBe(200_000);
});
