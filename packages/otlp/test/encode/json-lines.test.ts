import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { fromLine, toLine } from '../../src/encode/json-lines.ts';
import { batch } from './arbitraries.ts';
import { hex } from './oracle.ts';

describe('a line', () => {
  it('gives back the bytes of a unit of the encoder', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const [unit] = encodeBatch(given, { maxBytes: Number.MAX_SAFE_INTEGER }).units;
        const line = toLine(unit);
        expect(line).not.toContain('\n');
        expect(line.startsWith('{"resourceMetrics":[{')).toBe(true);
        expect(line).not.toMatch(/\p{Surrogate}/u);
        expect(line).not.toContain(':null');
        expect(hex(fromLine(line))).toBe(hex(unit.bytes));
      }),
      { numRuns: 300 },
    );
  });
});
