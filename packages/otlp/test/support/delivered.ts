import { setTimeout as delay } from 'node:timers/promises';
import type { OtlpMetricExporter } from '../../src/exporter.ts';

/** Resolves when the exporter has heard of so many points that they were taken, and nothing waits any more. */
export async function delivered(exporter: OtlpMetricExporter, points: number): Promise<void> {
  await until(() => {
    const { account } = exporter.status();
    return account.delivered >= points && account.logged + account.queued === 0;
  });
}

/** For what nobody tells; however long it takes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}
