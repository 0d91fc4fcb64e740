import type { Counter } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';

/** A stock SDK that collects when it is told to, with one counter. */
export function stockSdk(...exporters: PushMetricExporter[]): { provider: MeterProvider; orders: Counter } {
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'test' }),
    readers: exporters.map(
      (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 }),
    ),
  });
  return { provider, orders: provider.getMeter('test').createCounter('orders') };
}
