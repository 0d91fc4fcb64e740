import * as exporterOtlpGrpc2 from '@opentelemetry/exporter-metrics-otlp-grpc';
import * as resources2 from '@opentelemetry/resources';
import * as sdk2 from '@opentelemetry/sdk-metrics';
import * as otel3 from '@ostinato-oracles/otel-3';

/** What both lines of the SDK have; the types are those of 2.x. */
export type Sdk = typeof sdk2;

/** The lines of the SDK that one build of this package works with. */
export const sdks: readonly (readonly [line: string, sdk: Sdk])[] = [
  ['2.x', sdk2],
  ['3.x', otel3.sdkMetrics as unknown as Sdk],
];

/** Each line with its exporter and resources. */
export const lines = [
  { line: '2.x', sdk: sdk2, exporterOtlpGrpc: exporterOtlpGrpc2, resources: resources2 },
  {
    line: '3.x',
    sdk: otel3.sdkMetrics as unknown as Sdk,
    exporterOtlpGrpc: otel3.exporterOtlpGrpc as unknown as typeof exporterOtlpGrpc2,
    resources: otel3.resources as unknown as typeof resources2,
  },
];
