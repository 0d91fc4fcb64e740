import { paymentService, simulatedBank } from './payments.ts';
import { runService } from './service.ts';
import { count, type Tally } from './tally.ts';

const tally: Tally = {};

const app = paymentService(simulatedBank, ({ amount, method }, outcome) => {
  count(tally, `payment.process_time{method=${method}}`);
  count(tally, `payment.requests{method=${method},outcome=${outcome}}`);
  if (outcome === 'approved') count(tally, `payment.amount{method=${method}}`, amount);
});

await runService('payment-service', app, Number(process.env.PAYMENT_PORT ?? 3001), tally);
