import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollector } from '@ostinato/testing';
import type { Message } from '../src/service.ts';

const CUSTOMER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

async function run(name: string, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(join(__dirname, `../dist/${name}.js`), { env, stdio: 'ignore' });
  const [message] = (await once(child, 'message')) as [Message];
  return { child, url: message.kind === 'listening' ? message.url : '' };
}

test('the trace of an order is in exemplars of both services, which are two processes', async () => {
  const collector = await startCollector();
  const state = mkdtempSync(join(tmpdir(), 'ostinato-orders-'));
  const env = {
    PATH: process.env.PATH,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    XDG_STATE_HOME: state,
    ORDER_PORT: '0',
    PAYMENT_PORT: '0',
  };
  const payments = await run('payment-service', env);
  const orders = await run('order-service', { ...env, PAYMENT_URL: payments.url });
  const response = await fetch(`${orders.url}/order`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${CUSTOMER.traceId}-${CUSTOMER.spanId}-01`,
    },
    body: '{"amount": 1999, "method": "card"}',
  });
  expect([201, 402]).toContain(response.status);
  for (const { child } of [orders, payments]) {
    const exit = once(child, 'exit');
    child.send('stop');
    expect(await exit).toEqual([0, null]);
  }
  const exemplarOf = (name: string) =>
    collector.points().flatMap(({ metric, exemplars }) => (metric === name ? exemplars : []));
  const [order, ...otherOrders] = exemplarOf('order.process_time');
  const [payment, ...otherPayments] = exemplarOf('payment.process_time');
  expect([otherOrders, otherPayments]).toEqual([[], []]);
  expect([order.traceId, payment.traceId]).toEqual([CUSTOMER.traceId, CUSTOMER.traceId]);
  // A span of each service, below that of the customer.
  expect(new Set([order.spanId, payment.spanId, CUSTOMER.spanId]).size).toBe(3);
  await collector.stop();
  rmSync(state, { recursive: true });
});
