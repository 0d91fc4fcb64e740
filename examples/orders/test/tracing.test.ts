import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollector } from '@ostinato/testing';
import { CUSTOMER, Services } from './support/services.ts';

test('the trace of an order is in exemplars of both services, which are two processes', async () => {
  const collector = await startCollector();
  const state = mkdtempSync(join(tmpdir(), 'ostinato-orders-'));
  const services = await Services.start(state, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  expect([201, 402]).toContain(await services.order({ amount: 1999, method: 'card' }));
  expect(await services.stop()).toEqual([0, 0]);
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
