import type { ReceivedRequest } from '@ostinato/testing';
import { decodeRequest } from '../../src/encode/decode.ts';

/** The sum over all points of a sum metric in these requests: what was counted, if it came as deltas. */
export function sumOf(requests: readonly Pick<ReceivedRequest, 'bytes'>[], metric: string): number {
  let sum = 0;
  for (const { bytes } of requests) {
    for (const { scopeMetrics = [] } of decodeRequest(bytes).resourceMetrics ?? []) {
      for (const { name, sum: data } of scopeMetrics.flatMap(({ metrics = [] }) => metrics)) {
        if (name !== metric) continue;
        for (const point of data?.dataPoints ?? []) sum += point.asDouble ?? Number(point.asInt ?? 0);
      }
    }
  }
  return sum;
}
