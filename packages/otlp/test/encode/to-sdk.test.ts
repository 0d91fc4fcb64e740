import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import type { MetricsBatch } from '../../src/encode/sdk-types.ts';
import { encodeRequest } from '../../src/encode/serialize.ts';
import { toSdk } from '../../src/encode/to-sdk.ts';
import { batch } from './arbitraries.ts';
import { counter } from './fixtures.ts';
import { hex, stock } from './oracle.ts';

const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };
const unitOf = (given: MetricsBatch): Uint8Array => encodeBatch(given, WHOLE).units[0].bytes;
const pointOf = (given: MetricsBatch) => toSdk(unitOf(given)).scopeMetrics[0].metrics[0].dataPoints[0];

describe('a unit as SDK metrics', () => {
  test('becomes the bytes that the stock serializer makes of what was exported', () => {
    fc.assert(
      fc.property(batch, (given) => {
        expect(hex(stock(toSdk(unitOf(given))))).toBe(hex(stock(given)));
      }),
      { numRuns: 300 },
    );
  });

  test('keeps exemplars in the shape of the SDK to come', () => {
    const exemplar = {
      filteredAttributes: { user: 'a' },
      value: 2.5,
      timestamp: [1_795_400_030, 7] as const,
      spanId: 'b7ad6b7169203331',
      traceId: '0af7651916cd43dd8448eb211c80319c',
    };
    expect(pointOf(counter({ exemplars: [exemplar] })).exemplars).toEqual([exemplar]);
  });

  test('rounds what is beyond 2^53', () => {
    const given = counter({ value: 2n ** 53n + 1n }, { valueType: 0 });
    expect(pointOf(given).value).toBe(2 ** 53);
  });

  test('leaves out points that say that nothing was recorded, and what they leave empty', () => {
    const bytes = encodeRequest({
      resourceMetrics: [
        {
          scopeMetrics: [
            { metrics: [{ name: 'gone', gauge: { dataPoints: [{ flags: 1, timeUnixNano: '5' }] } }] },
            {
              scope: { name: 'kept' },
              metrics: [
                {
                  name: 'mixed',
                  sum: { dataPoints: [{ flags: 1 }, { timeUnixNano: '1000000007', asDouble: 3 }] },
                },
              ],
            },
          ],
        },
      ],
    });
    const { scopeMetrics } = toSdk(bytes);
    expect(scopeMetrics.map(({ scope }) => scope.name)).toEqual(['kept']);
    expect(scopeMetrics[0].metrics[0].dataPoints).toEqual([
      { startTime: [0, 0], endTime: [1, 7], attributes: {}, value: 3 },
    ]);
  });

  test('has a resource that exporters may merge and list', () => {
    const { resource } = toSdk(unitOf(counter({}, { resource: { a: 1, b: 2 } }))) as unknown as {
      resource: { merge(other: unknown): { attributes: object }; getRawAttributes(): unknown };
    };
    expect(resource.getRawAttributes()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(resource.merge({ attributes: { b: 3 } }).attributes).toEqual({ a: 1, b: 3 });
    expect(resource.merge(null)).toBe(resource);
  });
});
