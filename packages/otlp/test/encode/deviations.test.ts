/** Where the bytes are not those of the stock serializer: the table of docs/otlp-encoding.md, row by row. */
import { encodeBatch } from '../../src/encode/batch.ts';
import type { NumberDataPoint } from '../../src/encode/messages.ts';
import type { MetricsBatch } from '../../src/encode/sdk-types.ts';
import { counter } from './fixtures.ts';
import { decoded, hex, pointsIn, stock } from './oracle.ts';

const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };
const ours = (given: MetricsBatch): Uint8Array => encodeBatch(given, WHOLE).units[0].bytes;
const point = (bytes: Uint8Array): NumberDataPoint | undefined =>
  decoded(bytes).resourceMetrics?.[0].scopeMetrics?.[0].metrics?.[0].sum?.dataPoints?.[0];
const attribute = (bytes: Uint8Array): unknown => point(bytes)?.attributes?.[0].value;

describe('an integer instrument', () => {
  const INT = { valueType: 0 };

  it.each([1.5, -0.25, 2 ** 63, -(2 ** 63) - 2048, Infinity, Number.NaN])(
    'sends %p as a double, which sfixed64 cannot hold',
    (value) => {
      expect(point(stock(counter({ value }, INT)))?.asInt).toBeDefined();
      expect(point(ours(counter({ value }, INT)))).toMatchObject({ asDouble: value });
    },
  );

  it.each([2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -1n, 0n])('sends the bigint %p exactly', (value) => {
    expect(() => stock(counter({ value }, INT))).toThrow();
    expect(point(ours(counter({ value }, INT)))?.asInt).toBe(String(value));
  });

  it('sends a bigint beyond int64 as a double', () => {
    expect(point(ours(counter({ value: 2n ** 63n }, INT)))?.asDouble).toBe(2 ** 63);
  });
});

describe('an attribute', () => {
  it('that is a bigint is an integer, or a text where int64 cannot hold it; the stock serializer sends no value', () => {
    const given = (value: bigint) => counter({ attributes: { value } });
    expect(attribute(stock(given(5n)))).toEqual({});
    expect(attribute(ours(given(5n)))).toEqual({ intValue: '5' });
    expect(attribute(ours(given(-(2n ** 63n))))).toEqual({ intValue: String(-(2n ** 63n)) });
    expect(attribute(ours(given(2n ** 63n)))).toEqual({ stringValue: String(2n ** 63n) });
  });

  it('that contains itself has no value there; the stock serializer overflows the stack', () => {
    const value: Record<string, unknown> = { a: 1 };
    value.self = [value];
    expect(() => stock(counter({ attributes: { value } }))).toThrow(RangeError);
    expect(attribute(ours(counter({ attributes: { value } })))).toEqual({
      kvlistValue: {
        values: [
          { key: 'a', value: { intValue: '1' } },
          { key: 'self', value: { arrayValue: { values: [{}] } } },
        ],
      },
    });
  });

  it('that is an object twice, but not in itself, is whole both times', () => {
    const shared = [1];
    expect(hex(ours(counter({ attributes: { a: [shared, shared] } })))).toBe(
      hex(stock(counter({ attributes: { a: [shared, shared] } }))),
    );
  });

  it('is cut off below 24 objects in one another, because decoders stop at 100 messages', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 'bottom' : { a: nested(levels - 1) });
    const text = (levels: number): string =>
      JSON.stringify(decoded(ours(counter({ attributes: { value: nested(levels) } }))));
    expect(text(24)).toContain('bottom');
    expect(text(25)).not.toContain('bottom');
    expect(text(5000)).not.toContain('bottom');
  });
});

it('an empty metric, scope or request is not sent: senders should not create empty envelopes', () => {
  const empty = counter({});
  const [{ scope, metrics }] = empty.scopeMetrics;
  const without = { ...metrics[0], dataPoints: [] };
  const given = {
    resource: empty.resource,
    scopeMetrics: [
      { scope, metrics: [] },
      { scope, metrics: [without, metrics[0], without] },
    ],
  } as MetricsBatch;
  expect(hex(ours(given))).toBe(hex(ours(empty)));
  expect(pointsIn({ bytes: stock(given) })).toEqual(pointsIn({ bytes: ours(given) }));
  expect(encodeBatch({ resource: { attributes: {} }, scopeMetrics: [] }, WHOLE).units).toEqual([]);
  expect(
    encodeBatch({ ...given, scopeMetrics: [{ scope, metrics: [without] }] } as MetricsBatch, WHOLE).units,
  ).toEqual([]);
});

it('a metric of an unknown type is not sent', () => {
  const given = counter({});
  const odd = { ...given.scopeMetrics[0].metrics[0], dataPointType: 9 };
  const scopeMetrics = [{ ...given.scopeMetrics[0], metrics: [odd] }];
  expect(encodeBatch({ ...given, scopeMetrics } as unknown as MetricsBatch, WHOLE).units).toEqual([]);
});

it('every NaN is the canonical one, because a line of the log can only say "NaN"', () => {
  const odd = new DataView(new ArrayBuffer(8));
  odd.setBigUint64(0, 0x7ff8_0000_dead_beefn);
  const value = odd.getFloat64(0);
  expect(hex(ours(counter({ value })))).toContain('21000000000000f87f');
  expect(point(ours(counter({ value })))).toEqual(point(stock(counter({ value }))));
});
