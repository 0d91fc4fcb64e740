import { DebuggingRecorder, ManualClock } from '@ostinato/testing';
import type { FastifyInstance } from 'fastify';
import { setGlobalRecorder } from 'ostinato';
import { orderService, type Pay } from '../src/orders.ts';
import { type Bank, type Payment, paymentService } from '../src/payments.ts';
import { count, parseSeries, type Tally } from '../src/tally.ts';

const clock = new ManualClock();
const recorder = new DebuggingRecorder({ clock });
const installation = setGlobalRecorder(recorder);

const apps: FastifyInstance[] = [];
const running = (app: FastifyInstance): FastifyInstance => {
  apps.push(app);
  return app;
};

/** Approves up to 100 cents, and takes 7 ms for it. */
const bank: Bank = {
  async ask({ amount }) {
    clock.jump(7);
    return amount <= 100 ? 'approved' : 'declined';
  },
};

/** The two services as they are deployed, but for the network between them. */
function services(): FastifyInstance {
  const payments = running(paymentService(bank));
  const pay: Pay = async (payment) => {
    clock.jump(2);
    return (await payments.inject({ method: 'POST', url: '/pay', payload: payment })).statusCode;
  };
  return running(orderService(pay));
}

const order = (app: FastifyInstance, payment: Payment) =>
  app.inject({ method: 'POST', url: '/order', payload: payment });

beforeEach(() => recorder.clear());
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(() => installation.uninstall());

test('a paid order', async () => {
  const response = await order(services(), { amount: 99, method: 'card' });
  expect([response.statusCode, response.json()]).toEqual([201, { outcome: 'paid' }]);
  recorder.expectHistogram('order.process_time', [9]);
  recorder.expectGauge('order.in_flight', 0);
  recorder.expectNothing('order.errors');
  recorder.expectHistogram('payment.process_time', [7], { method: 'card' });
  recorder.expectCounter('payment.requests', 1, { method: 'card', outcome: 'approved' });
  recorder.expectCounter('payment.amount', 99, { method: 'card' });
});

test('a declined order is timed and counted as an error', async () => {
  const response = await order(services(), { amount: 101, method: 'voucher' });
  expect([response.statusCode, response.json()]).toEqual([402, { outcome: 'declined' }]);
  recorder.expectHistogram('order.process_time', [9]);
  recorder.expectCounter('order.errors', 1, { type: 'declined' });
  recorder.expectCounter('payment.requests', 1, { method: 'voucher', outcome: 'declined' });
  recorder.expectNothing('payment.amount');
});

test('an order without a payment service fails, and is not in flight any more', async () => {
  const app = running(orderService(() => Promise.reject(new Error('ECONNREFUSED'))));
  const response = await order(app, { amount: 1, method: 'card' });
  expect([response.statusCode, response.json()]).toEqual([503, { outcome: 'payment_unavailable' }]);
  recorder.expectCounter('order.errors', 1, { type: 'payment_unavailable' });
  recorder.expectGauge('order.in_flight', 0);
});

test('orders in flight are counted while they wait', async () => {
  const answers: ((status: number) => void)[] = [];
  const app = running(orderService(() => new Promise((resolve) => answers.push(resolve))));
  const orders = Promise.all([1, 2].map((amount) => order(app, { amount, method: 'card' })));
  while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  recorder.expectGauge('order.in_flight', 2);
  for (const answer of answers) answer(200);
  await orders;
  recorder.expectGauge('order.in_flight', 0);
});

test('closing waits for an order whose customer hung up', async () => {
  let answer: ((status: number) => void) | undefined;
  const pay: Pay = () => new Promise((resolve) => (answer = resolve));
  const app = running(orderService(pay));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const customer = new AbortController();
  const request = fetch(`${url}/order`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 1, method: 'card' }),
    signal: customer.signal,
  }).catch((error: Error) => error.name);
  while (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
  customer.abort();
  expect(await request).toBe('AbortError');
  const closed = app.close().then(() => recorder.expectHistogram('order.process_time', 1));
  setImmediate(answer, 200);
  await closed;
});

test('what is no order is refused and not measured', async () => {
  const response = await order(services(), { amount: 0, method: 'card' });
  expect(response.statusCode).toBe(400);
  recorder.expectNothing();
});

test('metrics are described, with the buckets and units of the scenario', async () => {
  await order(services(), { amount: 101, method: 'card' });
  const meta = (name: string) => recorder.series(name)[0]?.meta;
  expect(meta('order.process_time')).toMatchObject({ unit: 'ms', buckets: [0, 10, 50, 100, 500] });
  expect(meta('payment.process_time')).toMatchObject({ unit: 'ms' });
  expect(meta('payment.process_time')?.buckets).toBeUndefined();
  for (const { meta } of recorder.series()) expect(meta.description).toMatch(/\.$/);
});

test('the observers see what the metrics count', async () => {
  const tally: Tally = {};
  const pay: Pay = async ({ amount }) => (amount <= 100 ? 200 : 402);
  const app = running(
    orderService(pay, (outcome) => {
      if (outcome !== 'paid') count(tally, `order.errors{type=${outcome}}`);
    }),
  );
  for (const amount of [1, 200, 3, 400]) await order(app, { amount, method: 'transfer' });
  expect(tally).toEqual({ 'order.errors{type=declined}': 2 });
  const { metric, labels } = parseSeries('order.errors{type=declined}');
  recorder.expectCounter(metric, 2, labels);
});
