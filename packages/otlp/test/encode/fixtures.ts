import type { MetricsBatch, PointOf } from '../../src/encode/sdk-types.ts';

/** A batch of one point of a counter, with what a test wants changed. */
export function counter(
  point: Partial<PointOf<number | bigint>>,
  { valueType = 1, resource = {} }: { valueType?: number; resource?: Record<string, unknown> } = {},
): MetricsBatch {
  return {
    resource: { attributes: resource },
    scopeMetrics: [
      {
        scope: { name: 'shop' },
        metrics: [
          {
            descriptor: { name: 'requests', description: '', unit: '', valueType },
            aggregationTemporality: 1,
            dataPointType: 3,
            isMonotonic: true,
            dataPoints: [
              {
                startTime: [1_795_400_000, 0],
                endTime: [1_795_400_060, 0],
                attributes: {},
                value: 1,
                ...point,
              },
            ],
          },
        ],
      },
    ],
  };
}
