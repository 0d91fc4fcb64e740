import { type ServiceName, ServiceProcess } from './fork.ts';

// Both services, each in a process of its own, until Ctrl-C.

const variable =
  process.env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT === undefined
    ? 'OTEL_EXPORTER_OTLP_ENDPOINT'
    : 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT';

async function main(): Promise<void> {
  const begin = (name: ServiceName, env: NodeJS.ProcessEnv) =>
    ServiceProcess.start(name, env, (line) => console.log(line.startsWith(name) ? line : `${name}: ${line}`));
  const payments = await begin('payment-service', process.env);
  const orders = await begin('order-service', { ...process.env, PAYMENT_URL: payments.url });
  // The services have said by now if they cannot use it.
  console.log(`${variable} is ${process.env[variable] ?? 'not set, which means http://localhost:4317'}`);
  console.log(
    `try: curl ${orders.url}/order -H 'content-type: application/json' -d '{"amount": 1999, "method": "card"}'`,
  );
  console.log('stop with Ctrl-C');

  const stop = async () => {
    const codes = [await orders.service.stop(), await payments.service.stop()];
    process.exitCode = Math.max(...codes);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  for (const { service } of [orders, payments]) {
    service.onUnexpectedEnd(async (error) => {
      console.error(error.message);
      await stop();
      process.exitCode = 1;
    });
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
