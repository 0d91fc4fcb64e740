import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { splitUnit } from '../../src/encode/split.ts';
import type { Unit } from '../../src/unit.ts';
import { batch } from './arbitraries.ts';
import { hex, pointsIn } from './oracle.ts';

describe('splitUnit', () => {
  it('keeps every point, in order, with its resource, scope and metric', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const [unit] = encodeBatch(given, { maxBytes: Number.MAX_SAFE_INTEGER }).units;
        const halves = splitUnit(unit);
        if (unit.points === 1) expect(halves).toBeUndefined();
        else {
          const [first, second] = halves as [Unit, Unit];
          expect(Math.abs(first.points - second.points)).toBeLessThanOrEqual(1);
          expect(first.points + second.points).toBe(unit.points);
          expect(pointsIn(first)).toHaveLength(first.points);
          expect([...pointsIn(first), ...pointsIn(second)]).toEqual(pointsIn(unit));
          expect([first.resource, second.resource]).toEqual([unit.resource, unit.resource]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives halves that are what the encoder would have made of them', () => {
    const point = (value: number) => ({
      startTime: [1, 2] as const,
      endTime: [3, 4] as const,
      attributes: { value },
      value,
    });
    const given = (values: number[]) => ({
      resource: { attributes: { a: 'b' }, schemaUrl: 'r' },
      scopeMetrics: [
        {
          scope: { name: 's', version: '1', schemaUrl: 'u' },
          metrics: [
            {
              descriptor: { name: 'm', description: 'd', unit: 's', valueType: 1 },
              aggregationTemporality: 1,
              dataPointType: 3 as const,
              isMonotonic: true,
              dataPoints: values.map(point),
            },
          ],
        },
      ],
    });
    const unitOf = (values: number[]): Unit => encodeBatch(given(values), { maxBytes: 1e9 }).units[0];
    const halves = splitUnit(unitOf([1, 2, 3])) as [Unit, Unit];
    expect(halves.map(({ bytes }) => hex(bytes))).toEqual(
      [[1], [2, 3]].map((part) => hex(unitOf(part).bytes)),
    );
  });
});
