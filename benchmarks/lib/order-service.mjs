// The order service of examples/orders with one kind of metrics. Without `start()` its own handles do nothing, so
// the others record the same three things beside them.
import { metrics, ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { start } from 'ostinato';
import client from 'prom-client';
import { orderService } from '../../examples/orders/dist/orders.js';

const [by, endpoint] = process.argv.slice(2);
const INTERVAL = 1_000;
const bounds = [0, 10, 50, 100, 500];
const paid = async () => 200;

const BY = {
  nothing: () => paid,
  ostinato: () => {
    start({ serviceName: 'orders', interval: INTERVAL, exporter: { endpoint, fallback: false } });
    return paid;
  },
  otel: () => {
    const exporter = new OTLPMetricExporter({ url: endpoint });
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: INTERVAL,
      exportTimeoutMillis: INTERVAL,
    });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const meter = metrics.getMeter('orders');
    const time = meter.createHistogram('order.process_time', {
      unit: 'ms',
      advice: { explicitBucketBoundaries: bounds },
    });
    const inFlight = meter.createUpDownCounter('order.in_flight', { valueType: ValueType.INT });
    return recording(
      (by) => inFlight.add(by),
      (elapsed) => time.record(elapsed),
    );
  },
  'prom-client': () => {
    const time = new client.Histogram({ name: 'order_process_time', help: 'time', buckets: bounds });
    const inFlight = new client.Gauge({ name: 'order_in_flight', help: 'in flight' });
    setInterval(() => client.register.metrics(), INTERVAL).unref();
    return recording(
      (by) => inFlight.inc(by),
      (elapsed) => time.observe(elapsed),
    );
  },
};

function recording(inFlight, record) {
  return async (payment) => {
    const begin = performance.now();
    inFlight(1);
    const status = await paid(payment);
    inFlight(-1);
    record(performance.now() - begin);
    return status;
  };
}

const app = orderService(BY[by]());
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});
process.on('disconnect', () => process.exit());
process.send({ url });
