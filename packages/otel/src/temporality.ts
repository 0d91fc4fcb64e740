import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { OptionCheck } from '@ostinato/core';
import type { ReaderTemporality } from '@ostinato/recorder';

/**
 * What each collection reports: `cumulative` since a series' start, `delta` since the previous collection,
 * `lowmemory` delta, but counters set by `absolute` cumulative. The numbers are the SDK's: AggregationTemporality
 * DELTA 0 and CUMULATIVE 1, and AggregationTemporalityPreference LOWMEMORY 2.
 */
export type TemporalityOption = ReaderTemporality | 0 | 1 | 2;

const BY_NUMBER = ['delta', 'cumulative', 'lowmemory'] as const;

/** Reads the option `temporality`; throws `OSTINATO_INVALID_OPTION` for anything else than {@link TemporalityOption}. */
export function readerTemporality(option: TemporalityOption = 'cumulative'): ReaderTemporality {
  const check = new OptionCheck('metricProducer');
  const temporality = check.oneOf('temporality', option, [...BY_NUMBER, 0, 1, 2]);
  return typeof temporality === 'number' ? BY_NUMBER[temporality] : temporality;
}

// InstrumentType is a string enum of the SDK, equal in 2.x and 3.x.
type InstrumentType = Parameters<NonNullable<PushMetricExporter['selectAggregationTemporality']>>[0];
const COUNTER = 'COUNTER' as InstrumentType;
const OBSERVABLE_COUNTER = 'OBSERVABLE_COUNTER' as InstrumentType;
const DELTA = 0;

/**
 * The temporality an exporter asks of a reader (cumulative if it has no wish). An exporter that wants counters as
 * deltas but observable counters, whose values are absolute, as totals, wants low memory.
 */
export function temporalityOf(exporter: PushMetricExporter): ReaderTemporality {
  if (exporter.selectAggregationTemporality?.(COUNTER) !== DELTA) {
    return 'cumulative';
  }
  return exporter.selectAggregationTemporality(OBSERVABLE_COUNTER) === DELTA ? 'delta' : 'lowmemory';
}
