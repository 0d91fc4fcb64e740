import { runFixture } from './support/run.ts';

// A semi-space that no measured round fills, so that nothing is collected in between.
const measured = runFixture('allocation.mjs', [
  '--expose-gc',
  '--max-semi-space-size=64',
  '--min-semi-space-size=64',
]) as {
  off: Record<string, number>;
  on: Record<string, number>;
  control: number;
};

it('the measurement sees an object of two words', () => {
  expect(measured.control).toBeGreaterThan(12);
});

it.each(Object.entries(measured.off))('without a recorder %s allocates nothing', (_, bytes) => {
  expect(bytes).toBeLessThan(1);
});

it.each(Object.entries(measured.on))('with a recorder %s allocates nothing', (_, bytes) => {
  expect(bytes).toBeLessThan(1);
});
