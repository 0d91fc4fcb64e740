import fc from 'fast-check';
import type {
  AttributeMap,
  ExponentialHistogramValue,
  HistogramValue,
  HrTime,
  MetricBatch,
  MetricsBatch,
  PointOf,
  ScopeBatch,
} from '../../src/encode/sdk-types.ts';

/** Texts with everything: long ones, other scripts, control characters, lone surrogates. */
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  }),
  fc.constantFrom(
    '',
    '\ud800',
    'a\udc00b',
    'x'.repeat(63),
    'x'.repeat(64),
    'x'.repeat(65),
    '\u0000',
    '__proto__',
  ),
);

const whole = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 1, -1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1),
  fc.constantFrom(2 ** 53, 2 ** 53 + 2, 2 ** 62, -(2 ** 62) - 2048, -(2 ** 63), 2 ** 63 - 1024),
);

export const double = fc.oneof(
  fc.double(),
  whole,
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, 2 ** 63, 1e21, 0.1),
);

/**
 * On the wire all lone surrogates are U+FFFD: two keys that differ only there would be one key twice, which no object
 * can say.
 */
function hasDistinctKeys(map: object): boolean {
  const keys = Object.keys(map);
  return new Set(keys.map((key) => Buffer.from(key).toString())).size === keys.length;
}

/** 60 levels of nothing but arrays would be beyond what is written; these stay below. */
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.boolean(),
    double,
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(undefined, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }).filter(hasDistinctKeys),
  ),
})).value;

export const attributes: fc.Arbitrary<AttributeMap> = fc
  .dictionary(text, value, { maxKeys: 5, noNullPrototype: false })
  .filter(hasDistinctKeys);

/** Up to the end of uint64 nanoseconds, in the year 2554. */
const hrTime: fc.Arbitrary<HrTime> = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 18_446_744_072 }), fc.integer({ min: 0, max: 999_999_999 })),
  fc.constantFrom<HrTime[]>([0, 0], [1_795_400_060, 0], [18_446_744_073, 709_551_615], [65_536, 999_999_999]),
);

const count = fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs), fc.constantFrom(0, 127, 128, 2 ** 32));
const optionalDouble = fc.option(double, { nil: undefined });

function point<T>(of: fc.Arbitrary<T>): fc.Arbitrary<PointOf<T>> {
  return fc.record({ startTime: hrTime, endTime: hrTime, attributes, value: of });
}

const histogramValue: fc.Arbitrary<HistogramValue> = fc.record({
  buckets: fc.record({
    boundaries: fc.array(double, { maxLength: 20 }),
    counts: fc.array(count, { maxLength: 20 }),
  }),
  count,
  sum: optionalDouble,
  min: optionalDouble,
  max: optionalDouble,
});

const exponentialBuckets = fc.record({
  offset: fc.oneof(fc.constant(0), fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  bucketCounts: fc.array(count, { maxLength: 20 }),
});

const exponentialValue: fc.Arbitrary<ExponentialHistogramValue> = fc.record({
  count,
  sum: optionalDouble,
  scale: fc.integer({ min: -10, max: 20 }),
  zeroCount: count,
  positive: exponentialBuckets,
  negative: exponentialBuckets,
  min: optionalDouble,
  max: optionalDouble,
});

const descriptor = (valueType: number) =>
  fc.record({ name: text, description: text, unit: text, valueType: fc.constant(valueType) });

/** 2 is no temporality: it is sent as unspecified. */
const aggregationTemporality = fc.constantFrom(0, 1, 2);

const someOf = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 5 });

const numbers = fc.constantFrom(0, 1).chain((valueType) =>
  fc.record({
    descriptor: descriptor(valueType),
    aggregationTemporality,
    dataPointType: fc.constantFrom<(2 | 3)[]>(2, 3),
    isMonotonic: fc.boolean(),
    dataPoints: someOf(point<number | bigint>(valueType === 0 ? whole : double)),
  }),
);

export const metric = fc.oneof(
  numbers,
  fc.record({
    descriptor: descriptor(1),
    aggregationTemporality,
    dataPointType: fc.constant(0 as const),
    dataPoints: someOf(point(histogramValue)),
  }),
  fc.record({
    descriptor: descriptor(1),
    aggregationTemporality,
    dataPointType: fc.constant(1 as const),
    dataPoints: someOf(point(exponentialValue)),
  }),
) as fc.Arbitrary<MetricBatch>;

const scopeBatch: fc.Arbitrary<ScopeBatch> = fc.record({
  scope: fc.record(
    {
      name: text,
      version: fc.option(text, { nil: undefined }),
      schemaUrl: fc.option(text, { nil: undefined }),
      attributes: fc.option(attributes, { nil: undefined }),
      droppedAttributesCount: fc.option(fc.nat(), { nil: undefined }),
    },
    { requiredKeys: ['name'] },
  ),
  metrics: fc.array(metric, { minLength: 1, maxLength: 4 }),
});

/** Batches of all that the stock serializer can express, as long as no metric is without points. */
export const batch: fc.Arbitrary<MetricsBatch> = fc.record({
  resource: fc.record({ attributes, schemaUrl: fc.option(text, { nil: undefined }) }),
  scopeMetrics: fc.array(scopeBatch, { minLength: 1, maxLength: 3 }),
});

/** How many points are in a batch. */
export function pointsOf({ scopeMetrics }: MetricsBatch): number {
  return scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}
