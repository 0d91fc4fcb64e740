/// <reference path="./autocannon.d.ts" />
import autocannon from 'autocannon';
import { METHODS } from '../payments.ts';
import type { Traces } from './traces.ts';

const A_DAY = 24 * 3600;

/** Customers: each sends an order, in a trace of its own, waits for the answer, and orders again. */
export class Load {
  /** Orders answered, whatever the answer. */
  answered = 0;
  /** Orders without an answer. */
  failed = 0;
  readonly #instance: ReturnType<typeof autocannon>;
  readonly #done: Promise<void>;

  constructor(orderUrl: string, customers: number, traces: Traces) {
    let finish: () => void = () => {};
    this.#done = new Promise((resolve) => {
      finish = resolve;
    });
    this.#instance = autocannon(
      {
        url: orderUrl,
        connections: customers,
        duration: A_DAY,
        requests: [
          {
            setupRequest: (request) => ({
              ...request,
              method: 'POST',
              path: '/order',
              headers: { 'content-type': 'application/json', ...traces.begin() },
              body: JSON.stringify(anyOrder()),
            }),
          },
        ],
      },
      finish,
    );
    this.#instance.on('response', () => {
      this.answered++;
    });
    this.#instance.on('reqError', () => {
      this.failed++;
    });
  }

  /** Stops within about a second; orders on their way are finished by the services. */
  stop(): Promise<void> {
    this.#instance.stop();
    return this.#done;
  }
}

function anyOrder() {
  const method = METHODS[Math.floor(Math.random() * METHODS.length)];
  return { amount: 100 + Math.floor(Math.random() * 10_000), method };
}
