import { isWithin, orderOf, parseDirectives, thresholdOf } from '../../src/layers/directives.ts';

const threshold = (text: string, scope: string) => thresholdOf(parseDirectives(text)!, scope);

test.each<[string, string, Parameters<typeof orderOf>[0] | 'off']>([
  ['info', 'anything', 'info'],
  ['warn,orders/db=debug', 'orders/db', 'debug'],
  ['warn,orders/db=debug', 'orders', 'warn'],
  ['warn,orders/db=debug', 'orders/db/pool', 'debug'],
  ['warn,orders/db=debug', 'orders/db.pool', 'debug'],
  ['warn,orders/db=debug', 'orders/dbx', 'warn'],
  ['orders=error,orders/db=debug', 'orders/db', 'debug'],
  ['orders/db=debug,orders=error', 'orders/db', 'debug'],
  ['orders=error,orders=trace', 'orders', 'trace'],
  ['orders=error', 'others', 'info'],
  ['off,orders=TRACE', 'others', 'off'],
  [' off , orders = Trace ', 'orders', 'trace'],
  ['info,@acme/db=debug', '@acme/db', 'debug'],
  ['info,a=b=debug', 'a=b', 'debug'],
])("'%s' for %s: from %s on", (text, scope, level) => {
  expect(threshold(text, scope)).toBe(orderOf(level as 'info'));
});

test.each([[''], ['loud'], ['info,'], ['=debug'], ['orders='], ['orders'], ['info;debug']])(
  "'%s' is refused",
  (text) => {
    expect(parseDirectives(text)).toBeUndefined();
  },
);

test.each<[string, string, boolean]>([
  ['orders', 'orders', true],
  ['orders', 'orders.db', true],
  ['orders', 'orders/db', true],
  ['orders', 'ordersize', false],
  ['orders.', 'orders.db', true],
  ['orders.', 'orders', false],
  ['orders/', 'orders/db', true],
])("'%s' has '%s' within: %s", (parent, name, expected) => {
  expect(isWithin(parent, name)).toBe(expected);
});
