import { setTimeout as delay } from 'node:timers/promises';
import type { OtlpMetricExporter } from '../../src/exporter.ts';

/** Resolves when the exporter has heard of so many points that they were taken, and nothing waits any more. */
export async function delivered(exporter: OtlpMetricExporter, points: number): Promise<void> {
  for (;;) {
    const { account } = exporter.status();
    if (account.delivered >= points && account.logged + account.queued === 0) return;
    await delay(2);
  }
}
