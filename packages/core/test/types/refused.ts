// What must not compile. tsc reports a directive under which there is no error, so each of these is one.
import {
  counter,
  defineCounter,
  defineHistogram,
  describeCounter,
  observeCounter,
  observeGauge,
  withLabels,
} from '@ostinato/core';

const requests = defineCounter('requests', { labels: ['method', 'route'] });
const plain = defineCounter('plain');
const names: string[] = ['method'];

// @ts-expect-error a label is missing
requests.with({ method: 'GET' });
// @ts-expect-error a label is misspelt
requests.with({ method: 'GET', rout: '/' });
// @ts-expect-error a label is not declared
requests.with({ method: 'GET', route: '/', host: 'a' });
// @ts-expect-error a value is missing
requests.labels('GET');
// @ts-expect-error a value is too many
requests.labels('GET', '/', 'a');
// @ts-expect-error names that the compiler does not know
defineCounter('unknown', { labels: names });
// @ts-expect-error the options of a definition are no labels
counter('orders', { description: 'Orders.', unit: '1' });
// @ts-expect-error null is no label value
counter('orders', { type: null });
// @ts-expect-error a counter without labels is no family
plain.with({ method: 'GET' });

// @ts-expect-error the options of prom-client are no labels
counter('orders', { help: 'Orders.' });
// @ts-expect-error no label at all
defineCounter('none', { labels: [] });
// @ts-expect-error buckets are for histograms
defineCounter('buckets', { buckets: [1, 2] });
// @ts-expect-error an option is misspelt
defineHistogram('misspelt', { bucket: [1, 2] });
// @ts-expect-error a label is an object
requests.labels('GET', {});
// @ts-expect-error a level that there is not
defineCounter('level', { level: 'loud' });
// @ts-expect-error a string is no amount
plain.increment('5');
// @ts-expect-error what is read later is no number now
observeGauge('depth', async () => 3);
// @ts-expect-error there is nothing to read
observeCounter('cpu', { mode: 'user' });
// @ts-expect-error text is no number
observeGauge('depth', { queue: 'mail' }, () => '3');
// @ts-expect-error one label from the context is an array too
defineCounter('context', { contextLabels: 'tenant' });
// @ts-expect-error only a definition names labels of the context
describeCounter('theirs', { contextLabels: ['tenant'] });
// @ts-expect-error labels of the context are labels
withLabels({ tenant: null }, () => 1);
// @ts-expect-error a label of the context is none that is declared
defineCounter('declared', { labels: ['route'], contextLabels: ['tenant'] }).with({ route: '/', tenant: 'a' });
// @ts-expect-error nothing to call
withLabels({ tenant: 'a' });
