import {
  AggregationTemporality,
  ConsoleMetricExporter,
  InMemoryMetricExporter,
  InstrumentType,
} from '@opentelemetry/sdk-metrics';
import { temporalityOf } from '../src/temporality.ts';

const LOW_MEMORY = (type: InstrumentType) =>
  type === InstrumentType.COUNTER || type === InstrumentType.HISTOGRAM
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE;

test.each([
  ['delta', new InMemoryMetricExporter(AggregationTemporality.DELTA)],
  ['cumulative', new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)],
  ['lowmemory', new ConsoleMetricExporter({ temporalitySelector: LOW_MEMORY })],
  ['cumulative', { export() {}, forceFlush: async () => {}, shutdown: async () => {} }],
] as const)('%s is what an exporter asks for', (temporality, exporter) => {
  expect(temporalityOf(exporter)).toBe(temporality);
});
