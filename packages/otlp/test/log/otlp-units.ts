import { decodeRequest } from '../../src/encode/decode.ts';
import type { ExportMetricsServiceRequest, Metric, NumberDataPoint } from '../../src/encode/messages.ts';
import { encodeRequest } from '../../src/encode/serialize.ts';
import type { Unit } from '../../src/unit.ts';

export interface Sample {
  readonly series: string;
  readonly time: number;
  readonly value: number;
  readonly start?: number;
  readonly flags?: number;
}

/** One collection as a unit: a sum of each series at one time. 1 is delta, 2 cumulative. */
export function sumUnit(samples: readonly Sample[], aggregationTemporality: 1 | 2 = 2, padding = 0): Unit {
  const dataPoints = samples.map(
    ({ series, time, value, start = 0, flags }): NumberDataPoint => ({
      startTimeUnixNano: String(start),
      timeUnixNano: String(time),
      asDouble: value,
      attributes: [{ key: 'series', value: { stringValue: series } }],
      ...(flags !== undefined && { flags }),
    }),
  );
  const metric: Metric = { name: 'n', sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
  return unitOf({ ...(padding > 0 && { description: 'x'.repeat(padding) }), ...metric }, dataPoints.length);
}

export function unitOf(metric: Metric, points: number): Unit {
  const request: ExportMetricsServiceRequest = {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeMetrics: [{ scope: { name: 'test' }, metrics: [metric] }],
      },
    ],
  };
  return { bytes: encodeRequest(request), points, resource: 'shop' };
}

export function samplesOf(unit: Unit): Sample[] {
  const samples: Sample[] = [];
  for (const { scopeMetrics = [] } of decodeRequest(unit.bytes).resourceMetrics ?? []) {
    for (const { sum, gauge } of scopeMetrics.flatMap(({ metrics = [] }) => metrics)) {
      for (const point of [...(sum?.dataPoints ?? []), ...(gauge?.dataPoints ?? [])]) {
        samples.push({
          series: point.attributes?.[0]?.value?.stringValue ?? '',
          time: Number(point.timeUnixNano),
          value: point.asDouble ?? Number.NaN,
          start: Number(point.startTimeUnixNano),
          ...(point.flags !== undefined && { flags: point.flags }),
        });
      }
    }
  }
  return samples;
}
