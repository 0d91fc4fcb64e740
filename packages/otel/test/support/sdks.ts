import * as sdk2 from '@opentelemetry/sdk-metrics';
import { sdkMetrics as sdk3 } from '@ostinato-oracles/otel-3';

/** What both lines of the SDK have; the types are those of 2.x. */
export type Sdk = typeof sdk2;

/** The lines of the SDK that one build of this package works with. */
export const sdks: readonly (readonly [line: string, sdk: Sdk])[] = [
  ['2.x', sdk2],
  ['3.x', sdk3 as unknown as Sdk],
];
