import { defineCounter, defineHistogram, observeGauge } from '@ostinato/core';

/** A library's metrics. It knows of no recorder and no SDK: whoever uses it decides where they go. */
const orders = defineCounter('orders', { unit: '{order}', labels: ['kind', 'customer'] });
const duration = defineHistogram('order.duration', { unit: 'ms', buckets: [1, 5, 25], labels: ['kind'] });
let waiting = 0;
observeGauge('orders.waiting', () => waiting);

export function placeOrder(kind: 'retail' | 'wholesale', customer: string, millis: number): void {
  orders.with({ kind, customer }).increment();
  duration.with({ kind }).record(millis);
  waiting += kind === 'wholesale' ? 1 : 0;
}

/** A few customers' orders. */
export function runShop(): void {
  for (let i = 1; i <= 12; i++) placeOrder(i % 3 === 0 ? 'wholesale' : 'retail', `customer-${i % 3}`, i);
}
