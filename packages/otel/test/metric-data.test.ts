import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { materialise } from '../src/metric-data.ts';
import { fakeScope } from './fake-recorder.ts';

const START = 1_700_000_000_123_456_789n;
const TIME = 1_700_000_005_000_000_001n;
const startTime = [1_700_000_000, 123_456_789];
const endTime = [1_700_000_005, 1];

test('a counter becomes a monotonic sum of doubles, with all that is known of the metric', () => {
  const { metrics, error } = materialise(
    fakeScope(
      {
        name: 'orders',
        metrics: [
          {
            name: 'order.errors',
            type: 'counter',
            unit: '{error}',
            description: 'Orders that failed',
            series: [
              { labels: { type: 'card', code: 402, retried: false }, start: START, value: 3 },
              { start: START, value: 0.5 },
            ],
          },
        ],
      },
      { time: TIME },
    ),
  );
  expect(error).toBeUndefined();
  expect(metrics).toEqual([
    {
      descriptor: {
        name: 'order.errors',
        description: 'Orders that failed',
        unit: '{error}',
        valueType: ValueType.DOUBLE,
      },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [
        { startTime, endTime, attributes: { type: 'card', code: 402, retried: false }, value: 3 },
        { startTime, endTime, attributes: {}, value: 0.5 },
      ],
    },
  ]);
});

test('gauges and histograms of both kinds have the shapes of the SDK', () => {
  const { metrics } = materialise(
    fakeScope(
      {
        name: 'orders',
        metrics: [
          { name: 'queue', type: 'gauge', series: [{ start: START, value: -2 }] },
          {
            name: 'time',
            type: 'histogram',
            bounds: [10, 50],
            series: [{ start: START, count: 6, sum: 120, min: 1, max: 70, counts: [3, 2, 1] }],
          },
          {
            name: 'size',
            type: 'exponentialHistogram',
            series: [
              {
                start: START,
                count: 6,
                sum: 99,
                zeroCount: 1,
                scale: 3,
                offset: -4,
                min: 0,
                max: 60,
                counts: [2, 0, 3],
              },
            ],
          },
        ],
      },
      { time: TIME },
    ),
  );
  expect(metrics.map(({ dataPointType }) => dataPointType)).toEqual([
    DataPointType.GAUGE,
    DataPointType.HISTOGRAM,
    DataPointType.EXPONENTIAL_HISTOGRAM,
  ]);
  expect(metrics.map(({ dataPoints }) => dataPoints[0]?.value)).toEqual([
    -2,
    { buckets: { boundaries: [10, 50], counts: [3, 2, 1] }, count: 6, sum: 120, min: 1, max: 70 },
    {
      count: 6,
      sum: 99,
      scale: 3,
      zeroCount: 1,
      positive: { offset: -4, bucketCounts: [2, 0, 3] },
      negative: { offset: 0, bucketCounts: [] },
      min: 0,
      max: 60,
    },
  ]);
});

test('points without extremes have no min and max', () => {
  const { metrics } = materialise(
    fakeScope(
      { name: 's', metrics: [{ name: 'h', type: 'histogram', series: [{ count: 1, sum: 1, counts: [1] }] }] },
      { temporality: 'delta' },
    ),
  );
  expect(metrics[0]?.aggregationTemporality).toBe(AggregationTemporality.DELTA);
  expect(metrics[0]?.dataPoints[0]?.value).toEqual({
    buckets: { boundaries: [], counts: [1] },
    count: 1,
    sum: 1,
  });
});

test('the temporality of a metric is its own', () => {
  const { metrics } = materialise(
    fakeScope(
      {
        name: 's',
        metrics: [
          { name: 'absolute', type: 'counter', temporality: 'cumulative', series: [{ value: 1 }] },
          { name: 'added', type: 'counter', series: [{ value: 1 }] },
        ],
      },
      { temporality: 'delta' },
    ),
  );
  expect(metrics.map((metric) => metric.aggregationTemporality)).toEqual([
    AggregationTemporality.CUMULATIVE,
    AggregationTemporality.DELTA,
  ]);
});

test('a series keeps one frozen attributes object', () => {
  const read = () =>
    materialise(
      fakeScope({
        name: 's',
        metrics: [{ name: 'c', type: 'counter', series: [{ labels: { a: 'b' }, value: 1 }] }],
      }),
    ).metrics[0]?.dataPoints[0]?.attributes;
  const attributes = read();
  expect(Object.isFrozen(attributes)).toBe(true);
  expect(read()).toBe(attributes);
});

test('an error in the middle keeps what was read before it', () => {
  const failure = new Error('arena is gone');
  const { metrics, error } = materialise(
    fakeScope({ name: 's', metrics: [{ name: 'c', type: 'counter', series: [{ value: 7 }] }], failure }),
  );
  expect(error).toBe(failure);
  expect(metrics[0]?.dataPoints[0]?.value).toBe(7);
});
