import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { OstinatoError } from '@ostinato/core';
import type { ReaderTemporality } from '@ostinato/recorder';

/**
 * What each collection reports: `cumulative` since a series' start, `delta` since the previous collection,
 * `lowmemory` delta, but counters set by `absolute` cumulative. The numbers are the SDK's: AggregationTemporality
 * DELTA 0 and CUMULATIVE 1, and AggregationTemporalityPreference LOWMEMORY 2.
 */
export type TemporalityOption = ReaderTemporality | 0 | 1 | 2;

/** Reads the option `temporality`; throws `OSTINATO_INVALID_OPTION` for anything else than {@link TemporalityOption}. */
export function readerTemporality(option: TemporalityOption | undefined): ReaderTemporality {
  switch (option) {
    case undefined:
    case 'cumulative':
    case 1:
      return 'cumulative';
    case 'delta':
    case 0:
      return 'delta';
    case 'lowmemory':
    case 2:
      return 'lowmemory';
    default:
      throw new OstinatoError(
        'OSTINATO_INVALID_OPTION',
        `metricProducer: temporality is ${JSON.stringify(option)}, but must be 'cumulative', 'delta' or 'lowmemory', or the SDK's 0 (delta), 1 (cumulative) or 2 (low memory).`,
      );
  }
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
