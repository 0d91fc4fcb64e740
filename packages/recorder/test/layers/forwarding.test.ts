import {
  counter,
  defineHistogram,
  gauge,
  type Key,
  REVOKED,
  type Recorder,
  setGlobalRecorder,
  UNOPENED,
} from '@ostinato/core';
import { DebuggingRecorder } from '@ostinato/testing';
import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { fanout } from '../../src/layers/fanout.ts';
import { filter } from '../../src/layers/filter.ts';
import { layersForWorkers, reportLayersOfOneThread } from '../../src/layers/given.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { type Base, Layers } from '../../src/layers/layers.ts';
import { prefix } from '../../src/layers/prefix.ts';
import { redact } from '../../src/layers/redact.ts';
import { route } from '../../src/layers/route.ts';
import { SharedFilter } from '../../src/layers/shared-filter.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from '../support/series.ts';

const make = (...layers: readonly Layer[]) => createRecorder({ layers, maxMemory: 2 ** 20 });
const totals = (recorder: ReturnType<typeof make>) =>
  Object.fromEntries(readAll(recorder.reader().collect()).map(({ name, value }) => [name, value]));

test('a route takes the longest prefix that ends where a name may be divided', () => {
  const [orders, database] = [make(), make()];
  const recorder = make(route({ orders, 'orders.db.': database }));
  for (const name of [
    'orders',
    'orders.new',
    'orders/x',
    'ordersize',
    'orders.db',
    'orders.db.reads',
    'other',
  ]) {
    recorder.counter(makeKey(name), {}).sink.increment(1);
  }
  expect(totals(orders)).toEqual({ orders: 1, 'orders.new': 1, 'orders/x': 1, 'orders.db': 1 });
  expect(totals(database)).toEqual({ 'orders.db.reads': 1 });
  expect(totals(recorder)).toEqual({ ordersize: 1, other: 1 });
});

test('what a route does not take keeps its fast path', () => {
  const cell = make(route({ elsewhere: make() })).counter(makeKey('c'), {});
  cell.sink.increment(1);
  expect(cell.slots).toBeDefined();
});

test('a fanout gives everything to each, descriptions and refusals too', () => {
  const [debugging, other] = [new DebuggingRecorder(), make()];
  const recorder = make(prefix('shop'), fanout(debugging, other));
  const { uninstall } = setGlobalRecorder(recorder);
  const caught = catchWarnings();
  defineHistogram('fanned.size', { unit: 'By', description: 'A size.', buckets: [1, 2] }).record(1);
  gauge('fanned.gauge', { a: 1 }).set(4);
  gauge('fanned.gauge', { a: 1 }).increment(2);
  counter('fanned.counter').increment(3);
  counter('fanned.absolute').absolute(9);
  counter('fanned.counter').increment(-1);
  caught.stop();
  uninstall();
  for (const one of [recorder, other]) {
    expect(readAll(one.reader().collect())).toMatchObject([
      { name: 'shop.fanned.size', count: 1, unit: 'By', description: 'A size.', bounds: [1, 2] },
      { name: 'shop.fanned.gauge', value: 6, labels: { a: 1 } },
      { name: 'shop.fanned.counter', value: 3 },
      { name: 'shop.fanned.absolute', value: 9 },
    ]);
    expect(one.refusals()).toEqual({ negative: 1 });
  }
  debugging.expectCounter('shop.fanned.counter', 3);
});

test('a held handle asks again for the cell that a target withdrew, and for no other', () => {
  const asked: Key[] = [];
  const cells: { gate: number }[] = [];
  const target = make();
  const spy: Recorder = Object.assign(make(), {
    counter(key: Key) {
      asked.push(key);
      const { slots, index, sink } = target.counter(key, {});
      const cell = { gate: UNOPENED, slots, index, sink };
      cells.push(cell);
      return cell;
    },
  });
  const recorder = make(fanout(spy));
  const { sink } = recorder.counter(makeKey('c', { a: 1 }), {});
  sink.increment(1);
  sink.increment(1);
  expect(asked).toHaveLength(1);
  cells[0]!.gate = REVOKED;
  sink.increment(1);
  sink.increment(1);
  expect(asked).toHaveLength(2);
  expect(asked[1]).toBe(asked[0]);
  expect(totals(target)).toEqual({ c: 4 });
  expect(totals(recorder)).toEqual({ c: 4 });
});

test('a filter in front of a route and one behind it are both followed by held handles', () => {
  const behind = make(filter({}));
  const recorder = make(filter({}), route({ routed: behind }));
  const { uninstall } = setGlobalRecorder(recorder);
  const handle = counter('routed.held');
  handle.increment();
  handle.increment();
  recorder.setFilter({ deny: ['**'] });
  handle.increment(10);
  recorder.setFilter({});
  behind.setFilter({ deny: ['**'] });
  handle.increment(10);
  behind.setFilter({});
  handle.increment();
  uninstall();
  expect(totals(behind)).toEqual({ 'routed.held': 3 });
  expect(totals(recorder)).toEqual({});
});

test('other threads are given forwarding layers without recorders, which let everything pass', () => {
  const layers = [prefix('shop'), fanout(make()), redact({ drop: ['email'] }), route({ shop: make() })];
  const given = layersForWorkers(layers);
  expect(given).toEqual([layers[0], { layer: 'fanout', to: [] }, layers[2], { layer: 'route', routes: {} }]);
  const registry = make() as unknown as Base;
  const { front } = new Layers(given, registry, new SharedFilter(new Arena(allocateArena(2 ** 20))));
  const cell = front.counter(makeKey('orders', { email: 'a@b' }), {});
  cell.sink.increment(1);
  expect(cell.slots).toBeDefined();
  expect(totals(registry as unknown as ReturnType<typeof make>)).toEqual({ 'shop.orders': 1 });
});

test('and say which layers those are', () => {
  const caught = catchWarnings();
  reportLayersOfOneThread([prefix('shop')]);
  reportLayersOfOneThread([prefix('shop'), fanout(make()), route({ a: make() })]);
  caught.stop();
  expect(caught.warnings).toEqual([
    {
      code: 'OSTINATO_LAYER_OF_ONE_THREAD',
      text: expect.stringContaining('The layers fanout, route hold recorders'),
    },
  ]);
});
