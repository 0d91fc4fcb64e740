import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as exporter from '@opentelemetry/exporter-metrics-otlp-grpc';
import * as resources from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-metrics';

/** A major of the OpenTelemetry SDK, with the stock exporter of the same day. */
export interface Major {
  readonly sdk: Pick<typeof sdk, 'MeterProvider' | 'PeriodicExportingMetricReader'>;
  readonly resources: Pick<typeof resources, 'resourceFromAttributes'>;
  readonly exporter: Pick<typeof exporter, 'OTLPMetricExporter'>;
}

const require3 = createRequire(join(__dirname, '../../../../compat/sdk-3/package.json'));

/** Both majors; the newer one, of which we use the same interfaces, from `compat/sdk-3`. */
export const MAJORS: readonly (readonly [name: string, major: Major])[] = [
  ['SDK 2', { sdk, resources, exporter }],
  [
    'SDK 3',
    {
      sdk: require3('@opentelemetry/sdk-metrics'),
      resources: require3('@opentelemetry/resources'),
      exporter: require3('@opentelemetry/exporter-metrics-otlp-grpc'),
    },
  ],
];

/** Everything a reader needs to collect only when told to. */
export const WHEN_TOLD = { exportIntervalMillis: 3_600_000 } as const;
