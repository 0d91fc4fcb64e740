import fc from 'fast-check';
import { Backoff } from '../../src/deliver/backoff.ts';

const OPTIONS = { initialMillis: 1000, maxMillis: 3000 };

describe('Backoff', () => {
  test('the upper bound of the waits doubles up to the maximum', () => {
    const backoff = new Backoff(OPTIONS, () => 0.999);
    expect([1, 2, 3, 4, 5].map(() => Math.round(backoff.next()))).toEqual([999, 1998, 2997, 2997, 2997]);
  });

  test('jitter is full: a wait may be anything down to nothing', () => {
    expect(new Backoff(OPTIONS, () => 0).next()).toBe(0);
  });

  test('starts over after a success', () => {
    const backoff = new Backoff(OPTIONS, () => 0.5);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });

  test('a receiver asks for a floor, and the jitter stays', () => {
    const backoff = new Backoff(OPTIONS, () => 0.5);
    expect(backoff.next(10_000)).toBe(10_500);
  });

  test('never waits less than the floor nor more than floor and maximum, however many failures', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ random: fc.double({ min: 0, max: 0.999, noNaN: true }), floor: fc.nat(100_000) }),
          {
            maxLength: 2000,
          },
        ),
        (failures) => {
          let random = 0;
          const backoff = new Backoff(OPTIONS, () => random);
          for (const failure of failures) {
            random = failure.random;
            const wait = backoff.next(failure.floor);
            expect(wait).toBeGreaterThanOrEqual(failure.floor);
            expect(wait).toBeLessThanOrEqual(failure.floor + OPTIONS.maxMillis);
          }
        },
      ),
    );
  });
});
