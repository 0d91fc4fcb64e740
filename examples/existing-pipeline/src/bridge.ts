// A MeterProvider that you do not own (a platform team's, an agent's): its views apply to what the recorder records.
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import {
  AggregationType,
  createDenyListAttributesProcessor,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { setGlobalRecorder } from '@ostinato/core';
import { bridgeInstruments } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
import { openDestination } from './destination.ts';
import { runShop } from './shop.ts';

const destination = await openDestination();

// What somebody else set up.
const provider = new MeterProvider({
  views: [
    { instrumentName: 'orders', attributesProcessors: [createDenyListAttributesProcessor(['customer'])] },
    {
      instrumentName: 'order.duration',
      name: 'shop.order.duration',
      aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [2, 4, 8] } },
    },
  ],
  readers: [
    new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: destination.endpoint }) }),
  ],
});
metrics.setGlobalMeterProvider(provider);

// Yours. Bridge first, then record: a histogram's samples are handed over one by one.
const recorder = createRecorder();
const bridge = bridgeInstruments(recorder, metrics.getMeterProvider());
setGlobalRecorder(recorder);

runShop();
bridge.dispose();
await provider.shutdown();
await destination.end();
