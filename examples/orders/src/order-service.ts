import { orderService, payOverHttp } from './orders.ts';
import { runService } from './service.ts';
import { count, type Tally } from './tally.ts';

const tally: Tally = {};
const paymentUrl = process.env.PAYMENT_URL ?? 'http://127.0.0.1:3001';

const app = orderService(payOverHttp(paymentUrl), (outcome) => {
  count(tally, 'order.process_time');
  if (outcome !== 'paid') count(tally, `order.errors{type=${outcome}}`);
});

await runService('order-service', app, Number(process.env.ORDER_PORT ?? 3000), tally);
