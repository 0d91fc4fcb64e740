import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { paymentAmount, paymentProcessTime, paymentRequests } from './metrics.ts';
import { serve } from './tracing.ts';
import { finishOnClose } from './work.ts';

export const METHODS = ['card', 'transfer', 'voucher'] as const;
export type Method = (typeof METHODS)[number];

export interface Payment {
  /** Cents. */
  readonly amount: number;
  readonly method: Method;
}

export type PaymentOutcome = 'approved' | 'declined';

/** A bank that is quick as a rule, slow now and then, and declines one payment in thirty. */
export interface Bank {
  ask(payment: Payment): Promise<PaymentOutcome>;
}

const TYPICAL_MILLIS: Readonly<Record<Method, number>> = { card: 8, transfer: 30, voucher: 2 };

export const simulatedBank: Bank = {
  async ask({ method }) {
    // Log-normal, as service times are: the mean of a few uniforms is normal enough.
    const spread = Math.random() + Math.random() + Math.random() - 1.5;
    await sleep(TYPICAL_MILLIS[method] * Math.exp(1.6 * spread));
    return Math.random() < 1 / 30 ? 'declined' : 'approved';
  },
};

async function takePayment(payment: Payment, bank: Bank): Promise<PaymentOutcome> {
  const { method, amount } = payment;
  const outcome = await paymentProcessTime.labels(method).time(() => bank.ask(payment));
  paymentRequests.labels(method, outcome).increment();
  if (outcome === 'approved') paymentAmount.labels(method).increment(amount);
  return outcome;
}

const schema = {
  body: {
    type: 'object',
    required: ['amount', 'method'],
    properties: { amount: { type: 'integer', minimum: 1 }, method: { enum: METHODS } },
  },
};

/** `POST /pay`. `observe` is told of every payment: the demo's tally, which the metrics are compared with. */
export function paymentService(
  bank: Bank = simulatedBank,
  observe: (payment: Payment, outcome: PaymentOutcome) => void = () => {},
): FastifyInstance {
  const app = fastify();
  const work = finishOnClose(app);
  app.post<{ Body: Payment }>('/pay', { schema }, async ({ body, headers }, reply) => {
    const answer = async () => {
      const result = await takePayment(body, bank);
      observe(body, result);
      return result;
    };
    const outcome = await work(() => serve('POST /pay', headers, answer));
    return reply.code(outcome === 'approved' ? 200 : 402).send({ outcome });
  });
  return app;
}
