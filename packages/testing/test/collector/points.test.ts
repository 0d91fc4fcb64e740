import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { encodeRequest } from '../../../otlp/src/encode/serialize.ts';
import { decodePoints } from '../../src/collector/points.ts';

// The numbers of the SDK's enums, and its HrTime.
const TIMES = { startTime: [1, 5], endTime: [2, 7] };
const [HISTOGRAM, EXPONENTIAL, GAUGE, SUM] = [0, 1, 2, 3];
const [DELTA, CUMULATIVE] = [0, 1];
const [INT, DOUBLE] = [0, 1];

/** As the stock exporter would send them. */
function serialized(...metrics: object[]): Uint8Array {
  const resourceMetrics = {
    resource: { attributes: { 'service.name': 'orders', pid: 7 } },
    scopeMetrics: [{ scope: { name: 'test', version: '1.2' }, metrics }],
  };
  return ProtobufMetricsSerializer.serializeRequest(resourceMetrics as never) as Uint8Array;
}

const descriptor = (name: string, valueType = DOUBLE) => ({
  name,
  description: `The ${name}.`,
  unit: 's',
  valueType,
});

test('decodes a sum with everything around it', () => {
  const [point] = decodePoints(
    serialized({
      descriptor: descriptor('orders', INT),
      dataPointType: SUM,
      aggregationTemporality: DELTA,
      isMonotonic: true,
      dataPoints: [
        { ...TIMES, value: 12, attributes: { type: 'a', code: 200, ratio: 0.5, ok: true, list: ['x', 'y'] } },
      ],
    }),
  );
  expect(point).toMatchObject({
    resource: { 'service.name': 'orders', pid: 7 },
    scope: { name: 'test', version: '1.2' },
    metric: 'orders',
    unit: 's',
    description: 'The orders.',
    type: 'sum',
    temporality: 'delta',
    monotonic: true,
    attributes: { type: 'a', code: 200, ratio: 0.5, ok: true, list: ['x', 'y'] },
    start: 1_000_000_005n,
    time: 2_000_000_007n,
    value: 12,
    count: 0,
    bucketCounts: [],
  });
});

test('decodes gauges and both histograms', () => {
  const points = decodePoints(
    serialized(
      {
        descriptor: descriptor('level'),
        dataPointType: GAUGE,
        dataPoints: [{ ...TIMES, value: -1.5, attributes: {} }],
      },
      {
        descriptor: descriptor('time'),
        dataPointType: HISTOGRAM,
        aggregationTemporality: CUMULATIVE,
        dataPoints: [
          {
            ...TIMES,
            value: {
              count: 3,
              sum: 65,
              min: 5,
              max: 50,
              buckets: { boundaries: [0, 10], counts: [0, 2, 1] },
            },
            attributes: {},
          },
        ],
      },
      {
        descriptor: descriptor('size'),
        dataPointType: EXPONENTIAL,
        aggregationTemporality: DELTA,
        dataPoints: [
          {
            ...TIMES,
            value: {
              count: 6,
              sum: 9,
              scale: 3,
              zeroCount: 1,
              positive: { offset: -2, bucketCounts: [1, 0, 4] },
              negative: { offset: 0, bucketCounts: [] },
            },
            attributes: {},
          },
        ],
      },
    ),
  );
  expect(points).toMatchObject([
    { type: 'gauge', temporality: undefined, value: -1.5, min: Number.NaN },
    {
      type: 'histogram',
      temporality: 'cumulative',
      value: Number.NaN,
      count: 3,
      sum: 65,
      min: 5,
      max: 50,
      bounds: [0, 10],
      bucketCounts: [0, 2, 1],
    },
    {
      type: 'exponentialHistogram',
      temporality: 'delta',
      count: 6,
      scale: 3,
      zeroCount: 1,
      positive: { offset: -2, counts: [1, 0, 4] },
    },
  ]);
});

test('one series has one identity, whatever the order of its attributes', () => {
  const sum = (attributes: object, value: number) => ({
    descriptor: descriptor('orders'),
    dataPointType: SUM,
    aggregationTemporality: DELTA,
    isMonotonic: true,
    dataPoints: [{ ...TIMES, value, attributes }],
  });
  const [a, b, c] = decodePoints(
    serialized(sum({ x: 1, y: 2 }, 1), sum({ y: 2, x: 1 }, 2), sum({ x: '1', y: 2 }, 1)),
  );
  expect(a?.series).toBe(b?.series);
  expect(a?.series).not.toBe(c?.series);
});

test('what is no request is an error', () => {
  expect(() => decodePoints(Buffer.from([0x0a, 0x7f, 1]))).toThrow(
    expect.objectContaining({ code: 'OSTINATO_MALFORMED_OTLP' }),
  );
});

test('decodes exemplars, with and without a span', () => {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const exemplars = [
    {
      timeUnixNano: '5',
      asDouble: 0.5,
      ...span,
      filteredAttributes: [{ key: 'user', value: { stringValue: 'ada' } }],
    },
    { asInt: '7' },
  ];
  const metrics = [{ name: 'orders', sum: { dataPoints: [{ exemplars }, {}] } }];
  const points = decodePoints(encodeRequest({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
  expect(points.map((point) => point.exemplars)).toEqual([
    [
      { ...span, value: 0.5, time: 5n, attributes: { user: 'ada' } },
      { traceId: '', spanId: '', value: 7, time: 0n, attributes: {} },
    ],
    [],
  ]);
});
