import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { sink } from '../lib/sink.mjs';

export const title = 'Service: the order service of examples/orders under load';
export const note = `The payment behind it answers at once. Measured are 3 s of load on 32 connections, after 2 s to warm up: CPU time of
the service's process a request, at full load; and latency at 1,000 requests a second. Metrics are exported every second to a
local receiver; prom-client makes its text as often, and sends it nowhere.`;
export const unit = 'µs of CPU a request';
export const rounds = 2;
export const columns = [
  { title: 'requests/s', show: (result) => Math.round(1e6 / result.micros).toLocaleString('en') },
  { title: 'p99 at 1,000/s, ms', show: (result) => String(result.p99) },
];

const file = fileURLToPath(new URL('../lib/order-service.mjs', import.meta.url));
const MILLIS = 3_000;
const request = {
  path: '/order',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ amount: 1999, method: 'card' }),
};
const load = (url, options) =>
  autocannon({ url, connections: 32, duration: MILLIS / 1000, requests: [request], ...options });

function instrumented(by, rival) {
  return {
    rival,
    make: () => ({
      run: async () => {
        const collector = await sink();
        const service = fork(file, [by, collector.endpoint], { execArgv: [] });
        const said = () => new Promise((resolve) => service.once('message', resolve));
        const { url } = await said();
        const cpu = () => {
          service.send('cpu');
          return said();
        };
        await load(url, { duration: 2 });
        const before = await cpu();
        const full = await load(url);
        const after = await cpu();
        const paced = await load(url, { overallRate: 1_000 });
        service.kill('SIGKILL');
        await collector.stop();
        const requests = full['2xx'];
        const micros = (after.cpu - before.cpu) / requests;
        return {
          min: micros,
          median: micros,
          micros: (full.duration * 1e6) / requests,
          p99: paced.latency.p99,
        };
      },
    }),
  };
}

export const cases = {
  'no metrics': instrumented('nothing'),
  Ostinato: instrumented('ostinato', 'OpenTelemetry'),
  OpenTelemetry: instrumented('otel'),
  'prom-client': instrumented('prom-client'),
};
