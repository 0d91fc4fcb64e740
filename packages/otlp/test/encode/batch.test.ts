import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { batch, pointsOf } from './arbitraries.ts';
import { hex, stock } from './oracle.ts';

const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };

describe('a batch of the SDK', () => {
  it('becomes the bytes of the stock serializer', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const { units, lazy } = encodeBatch(given, WHOLE);
        expect(lazy).toBeUndefined();
        expect(units.map(({ points }) => points)).toEqual([pointsOf(given)]);
        expect(hex(units[0].bytes)).toBe(hex(stock(given)));
      }),
      { numRuns: 500 },
    );
  });
});
