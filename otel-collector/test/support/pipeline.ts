import type { Attributes, Counter } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { OtlpMetricExporter } from '@ostinato/otlp';
import type { Point } from '@ostinato/testing';
import { until } from './until.ts';

/** A stock SDK that counts orders, each with an id of its own, and collects when it is told to. */
export class Pipeline {
  readonly provider: MeterProvider;
  recorded = 0;
  readonly #orders: Counter;

  constructor(...exporters: PushMetricExporter[]) {
    this.provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': 'orders' }),
      readers: exporters.map(
        (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 }),
      ),
    });
    this.#orders = this.provider.getMeter('orders').createCounter('orders');
  }

  /** Counts so many orders, fewer than the SDK's limit of 2,000 series, and exports them. */
  async export(count = 10, attributes: Attributes = {}): Promise<void> {
    for (let i = 0; i < count; i++) this.#orders.add(1, { id: this.recorded++, ...attributes });
    await this.provider.forceFlush();
  }
}

/** Resolves when everything that the exporter took is with the receiver. */
export async function settled(exporter: OtlpMetricExporter, points: number): Promise<void> {
  await until(() => {
    const { account } = exporter.status();
    return account.delivered + account.rejected >= points && account.logged + account.queued === 0;
  });
}

/** What arrived of the orders: their sum, each id once, and how many came again. */
export function arrived(points: readonly Point[]): { sum: number; ids: number; duplicates: number } {
  const ids = new Map<unknown, number>();
  let duplicates = 0;
  for (const { metric, attributes, value } of points) {
    if (metric !== 'orders') continue;
    if (ids.has(attributes.id)) duplicates++;
    ids.set(attributes.id, value);
  }
  return { sum: [...ids.values()].reduce((sum, value) => sum + value, 0), ids: ids.size, duplicates };
}

/** Prints figures that are worth more than a pass. */
export function figures(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
