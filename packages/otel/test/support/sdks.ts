import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as exporterOtlpGrpc from '@opentelemetry/exporter-metrics-otlp-grpc';
import * as resources from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-metrics';

/** What both lines of the SDK have; the types are those of 2.x. */
export type Sdk = typeof sdk;

/** A line of the SDK, with its exporter and resources. */
interface Line {
  readonly line: string;
  readonly sdk: Sdk;
  readonly exporterOtlpGrpc: typeof exporterOtlpGrpc;
  readonly resources: typeof resources;
}

const require3 = createRequire(join(__dirname, '../../../../compat/sdk-3/package.json'));

/** The lines of the SDK that one build of this package works with. */
export const lines: readonly Line[] = [
  { line: '2.x', sdk, exporterOtlpGrpc, resources },
  {
    line: '3.x',
    sdk: require3('@opentelemetry/sdk-metrics'),
    exporterOtlpGrpc: require3('@opentelemetry/exporter-metrics-otlp-grpc'),
    resources: require3('@opentelemetry/resources'),
  },
];

export const sdks: readonly (readonly [line: string, sdk: Sdk])[] = lines.map(({ line, sdk }) => [line, sdk]);
