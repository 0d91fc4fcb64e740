import { runFixture } from './support/run.ts';

it('observers that were stopped, and local recorders with those that were not, leave nothing behind', () => {
  expect(runFixture('observer-leak.mjs', ['--expose-gc'])).toEqual({ alive: 0, flat: true });
});
