import type { Counter } from '@opentelemetry/api';
import type { MeterProvider, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { MAJORS, type Major, WHEN_TOLD } from './majors.ts';

const [[, SDK_2]] = MAJORS as readonly [readonly [string, Major]];

/** A stock SDK that collects when it is told to, with one counter. */
export function stockSdk(
  exporters: readonly PushMetricExporter[],
  { sdk, resources }: Major = SDK_2,
): { provider: MeterProvider; orders: Counter } {
  const provider = new sdk.MeterProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'test' }),
    readers: exporters.map((exporter) => new sdk.PeriodicExportingMetricReader({ exporter, ...WHEN_TOLD })),
  });
  return { provider, orders: provider.getMeter('test').createCounter('orders') };
}
