// The recorder in a reader that you have, behind the exporter that you have: nothing else of your pipeline changes.
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
import { openDestination } from './destination.ts';
import { runShop } from './shop.ts';

const destination = await openDestination();
const recorder = createRecorder();
setGlobalRecorder(recorder);
const provider = new MeterProvider({
  readers: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: destination.endpoint }),
      metricProducers: [metricProducer(recorder)],
    }),
  ],
});

provider.getMeter('yours').createCounter('your.counter').add(1);
runShop();
await provider.shutdown();
await destination.end();
