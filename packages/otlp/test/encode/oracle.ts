/** Judges that nobody here wrote: the stock serializer, and the decoder generated from the protocol's own files. */
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import root from 'otlp-transformer-oracle/build/src/generated/root.js';
import type { ExportMetricsServiceRequest } from '../../src/encode/messages.ts';
import type { MetricsBatch } from '../../src/encode/sdk-types.ts';
import type { Unit } from '../../src/unit.ts';

interface GeneratedMessage {
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: object): unknown;
}

const { ExportMetricsServiceRequest: generated } = (
  root as unknown as {
    opentelemetry: {
      proto: { collector: { metrics: { v1: { ExportMetricsServiceRequest: GeneratedMessage } } } };
    };
  }
).opentelemetry.proto.collector.metrics.v1;

/**
 * The request as the generated decoder reads it, in the shape of OTLP JSON but for the ids of exemplars, which are
 * in base64 as all bytes are.
 */
export function decoded(bytes: Uint8Array): ExportMetricsServiceRequest {
  return generated.toObject(generated.decode(bytes), {
    longs: String,
    bytes: String,
  }) as ExportMetricsServiceRequest;
}

/** What the stock serializer makes of a batch. */
export function stock(batch: MetricsBatch): Uint8Array {
  const bytes = ProtobufMetricsSerializer.serializeRequest(batch as unknown as ResourceMetrics);
  if (bytes === undefined) throw new Error('the stock serializer gave nothing');
  return bytes;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Every point with all that surrounds it, in order. */
export function pointsIn(unit: Pick<Unit, 'bytes'>): string[] {
  const points: string[] = [];
  for (const { scopeMetrics = [], ...resource } of decoded(unit.bytes).resourceMetrics ?? []) {
    for (const { metrics = [], ...scope } of scopeMetrics) {
      for (const { gauge, sum, histogram, exponentialHistogram, ...metric } of metrics) {
        const { dataPoints = [], ...data } = (gauge ?? sum ?? histogram ?? exponentialHistogram) as {
          dataPoints?: unknown[];
        };
        for (const point of dataPoints) points.push(JSON.stringify([resource, scope, metric, data, point]));
      }
    }
  }
  return points;
}
