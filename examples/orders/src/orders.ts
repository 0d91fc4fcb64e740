import fastify, { type FastifyInstance } from 'fastify';
import { orderErrors, orderProcessTime, ordersInFlight } from './metrics.ts';
import type { Payment } from './payments.ts';
import { ask, serve } from './tracing.ts';
import { finishOnClose } from './work.ts';

export type OrderOutcome = 'paid' | 'declined' | 'payment_unavailable';

/** Asks the payment service and returns its HTTP status; rejects if it cannot be reached. */
export type Pay = (payment: Payment) => Promise<number>;

export function payOverHttp(paymentUrl: string): Pay {
  return (payment) =>
    ask('POST /pay', async (trace) => {
      const response = await fetch(`${paymentUrl}/pay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...trace },
        body: JSON.stringify(payment),
      });
      await response.arrayBuffer();
      return response.status;
    });
}

async function placeOrder(order: Payment, pay: Pay): Promise<OrderOutcome> {
  const timer = orderProcessTime.startTimer();
  ordersInFlight.increment();
  try {
    const outcome = outcomeOf(await pay(order).catch(() => 503));
    if (outcome !== 'paid') orderErrors.labels(outcome).increment();
    return outcome;
  } finally {
    ordersInFlight.decrement();
    timer.stop();
  }
}

function outcomeOf(paymentStatus: number): OrderOutcome {
  if (paymentStatus === 200) return 'paid';
  return paymentStatus === 402 ? 'declined' : 'payment_unavailable';
}

const STATUS: Readonly<Record<OrderOutcome, number>> = { paid: 201, declined: 402, payment_unavailable: 503 };

const schema = {
  body: {
    type: 'object',
    required: ['amount', 'method'],
    properties: { amount: { type: 'integer', minimum: 1 }, method: { type: 'string' } },
  },
};

/** `POST /order`. `observe` is told of every order: the demo's tally, which the metrics are compared with. */
export function orderService(pay: Pay, observe: (outcome: OrderOutcome) => void = () => {}): FastifyInstance {
  const app = fastify();
  const work = finishOnClose(app);
  app.post<{ Body: Payment }>('/order', { schema }, async ({ body, headers }, reply) => {
    const answer = async () => {
      const result = await placeOrder(body, pay);
      observe(result);
      return result;
    };
    const outcome = await work(() => serve('POST /order', headers, answer));
    return reply.code(STATUS[outcome]).send({ outcome });
  });
  return app;
}
