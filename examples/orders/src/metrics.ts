import { defineCounter, defineGauge, defineHistogram } from 'ostinato';

// Every metric of both services, declared once. They work wherever they are imported, before or after `start()`,
// and cost nothing in a process that never calls it.

// The order service.

export const orderProcessTime = defineHistogram('order.process_time', {
  unit: 'ms',
  description: 'How long an order took, from its arrival to the answer.',
  buckets: [0, 10, 50, 100, 500],
});

export const orderErrors = defineCounter('order.errors', {
  unit: '{error}',
  description: 'Orders that were not fulfilled.',
  labels: ['type'],
});

export const ordersInFlight = defineGauge('order.in_flight', {
  unit: '{order}',
  description: 'Orders that are being processed now.',
});

// The payment service.

// No buckets are given: an exponential histogram, exact to a few percent from microseconds to hours.
export const paymentProcessTime = defineHistogram('payment.process_time', {
  unit: 'ms',
  description: 'How long a payment took.',
  labels: ['method'],
});

export const paymentRequests = defineCounter('payment.requests', {
  unit: '{payment}',
  description: 'Payments that were asked for.',
  labels: ['method', 'outcome'],
});

export const paymentAmount = defineCounter('payment.amount', {
  unit: '{cent}',
  description: 'Money taken.',
  labels: ['method'],
});
