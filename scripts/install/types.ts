import { metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { DebuggingRecorder, startCollector } from '@ostinato/testing';
import {
  counter,
  defineCounter,
  defineHistogram,
  type OstinatoError,
  setGlobalRecorder,
  start,
} from 'ostinato';
import { attachment } from 'ostinato/worker';

const requests = defineCounter('requests', { unit: '{request}', labels: ['method', 'route'] });
requests.with({ method: 'GET', route: '/' }).increment();
requests.labels('GET', '/').increment();
// @ts-expect-error a label is missing
requests.with({ method: 'GET' });
// @ts-expect-error a label too many
requests.labels('GET', '/', 'x');

const latency = defineHistogram('latency', { unit: 'ms', buckets: [0, 10, 50] });
const elapsed: number = latency.startTimer().stop();
const answer: Promise<number> = latency.time(async () => elapsed);

const recorder = createRecorder({ cardinality: { perMetric: 100 } });
const installation = setGlobalRecorder(recorder);
installation.uninstall();
const exporter = new OtlpMetricExporter({ endpoint: 'grpc://localhost:4317', fallback: false });
const running = start({ serviceName: 'types', exporter });
export const all = [
  counter('x', { a: 1 }),
  answer,
  running,
  metricProducer(recorder),
  new DebuggingRecorder(),
  startCollector,
  attachment,
];
export const code = (error: OstinatoError): string => error.code;
