import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Message } from '../../src/service.ts';

/** The span of a customer who orders. */
export const CUSTOMER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** The services as they were built, each in a process of its own. */
export class Services {
  readonly #orders: Started;
  readonly #payments: Started;

  private constructor(orders: Started, payments: Started) {
    this.#orders = orders;
    this.#payments = payments;
  }

  /** They write below `stateHome`; the variables say where their metrics go. */
  static async start(stateHome: string, variables: NodeJS.ProcessEnv): Promise<Services> {
    const env = {
      PATH: process.env.PATH,
      XDG_STATE_HOME: stateHome,
      ORDER_PORT: '0',
      PAYMENT_PORT: '0',
      ...variables,
    };
    const payments = await start('payment-service', env);
    return new Services(await start('order-service', { ...env, PAYMENT_URL: payments.url }), payments);
  }

  /** Sends an order within the span of the customer (W3C trace context), and returns the status of the answer. */
  async order(payment: { readonly amount: number; readonly method: string }): Promise<number> {
    const traceparent = `00-${CUSTOMER.traceId}-${CUSTOMER.spanId}-01`;
    const { status } = await fetch(`${this.#orders.url}/order`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify(payment),
    });
    return status;
  }

  /** They deliver what they have; resolves with their exit codes. */
  async stop(): Promise<number[]> {
    const codes = [];
    for (const { child } of [this.#orders, this.#payments]) {
      const exit = once(child, 'exit');
      child.send('stop');
      const [code] = await exit;
      codes.push(code);
    }
    return codes;
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(name: string, env: NodeJS.ProcessEnv): Promise<Started> {
  const child = fork(join(__dirname, `../../dist/${name}.js`), { env, stdio: 'ignore' });
  // A test that fails in the middle neither waits for it nor leaves it behind.
  process.once('exit', () => child.kill('SIGKILL'));
  child.unref();
  child.channel?.unref();
  const [message] = (await once(child, 'message')) as [Message];
  return { child, url: message.kind === 'listening' ? message.url : '' };
}
