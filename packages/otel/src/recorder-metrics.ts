import { type Counter, type Gauge, scope } from '@ostinato/core';
import type { AtomicRecorder } from '@ostinato/recorder';
import { VERSION } from './version.ts';

/** The scope of what a recorder tells of itself. */
export const RECORDER_SCOPE = '@ostinato/recorder';

/**
 * What the recorder tells of itself, by the facade: `ostinato.series`, `ostinato.overflow{metric}` (1 while a metric has more
 * series than its limit) and `ostinato.refused{reason}`. To be called before each collection; a value that is as before is
 * not recorded again, or an idle service would export it for ever.
 */
export function recorderMetrics(recorder: Pick<AtomicRecorder, 'inventory' | 'refusals'>): () => void {
  const own = scope({ name: RECORDER_SCOPE, version: VERSION });
  const series = own.defineGauge('ostinato.series', {
    unit: '{series}',
    description: 'Series that are exported.',
  });
  const overflow = own.defineGauge('ostinato.overflow', {
    unit: '1',
    description: '1 while the metric has more series than its limit.',
    labels: ['metric'],
  });
  const refused = own.defineCounter('ostinato.refused', {
    unit: '{operation}',
    description: 'Operations that were not carried out, by reason.',
    labels: ['reason'],
  });
  const said = new Map<Gauge | Counter, number>();
  const set = (gauge: Gauge, value: number) => {
    if (said.get(gauge) === value) return;
    said.set(gauge, value);
    gauge.set(value);
  };
  let overflowing: readonly string[] = [];
  return () => {
    const inventory = recorder.inventory();
    // Before the first collection it is not known.
    if (inventory.series > 0 || said.has(series)) set(series, inventory.series);
    for (const metric of overflowing)
      if (!inventory.overflowing.includes(metric)) set(overflow.labels(metric), 0);
    overflowing = inventory.overflowing;
    for (const metric of overflowing) set(overflow.labels(metric), 1);
    for (const [reason, total] of Object.entries(recorder.refusals())) {
      const counter = refused.labels(reason);
      counter.increment(total - (said.get(counter) ?? 0));
      said.set(counter, total);
    }
  };
}
