import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  counter,
  describeCounter,
  gauge,
  histogram,
  type Installation,
  REVOKED,
  type Recorder,
  setGlobalRecorder,
  withLocalRecorder,
} from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();
const orders = counter('orders');
let global: TestRecorder;
let local: TestRecorder;
let installation: Installation;
beforeEach(() => {
  global = new TestRecorder();
  local = new TestRecorder();
  installation = setGlobalRecorder(global);
});
afterEach(() => installation.uninstall());

it('takes the place of the global recorder in what it calls, and gives the result', () => {
  orders.increment();
  const result = withLocalRecorder(local, () => {
    orders.increment();
    gauge('depth').set(3);
    histogram('size').recordMany(4, 2);
    return 'result';
  });
  orders.increment();
  expect(result).toBe('result');
  expect(global.value('orders')).toBe(2);
  expect(local.value('orders')).toBe(1);
  expect(local.value('depth')).toBe(3);
  expect(local.samples('size')).toEqual([4, 4]);
});

it('ends when what it calls throws', () => {
  expect(() =>
    withLocalRecorder(local, () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  orders.increment();
  expect(global.value('orders')).toBe(1);
});

it('nests', () => {
  const inner = new TestRecorder();
  withLocalRecorder(local, () => {
    orders.increment();
    withLocalRecorder(inner, () => orders.increment(10));
    orders.increment();
  });
  expect([global, local, inner].map((recorder) => recorder.value('orders'))).toEqual([undefined, 2, 10]);
});

it('works without a global recorder', () => {
  installation.uninstall();
  withLocalRecorder(local, () => orders.increment());
  orders.increment();
  expect(local.value('orders')).toBe(1);
});

it('reaches across awaits, and a scoped and an unscoped task that take turns do not mix', async () => {
  const work = async () => {
    for (let i = 0; i < 50; i++) {
      orders.increment();
      await (i % 2 === 0 ? null : nextTurn());
    }
  };
  const scoped = withLocalRecorder(local, work);
  await Promise.all([scoped, work()]);
  orders.increment();
  expect(local.value('orders')).toBe(50);
  expect(global.value('orders')).toBe(51);
});

it('keeps a continuation that comes after it has ended', async () => {
  let late: Promise<void> = Promise.resolve();
  await withLocalRecorder(local, async () => {
    late = nextTurn().then(() => orders.increment());
    orders.increment();
  });
  expect(local.value('orders')).toBe(1);
  await late;
  expect(local.value('orders')).toBe(2);
  expect(global.value('orders')).toBeUndefined();
});

it('many scopes at once keep to themselves', async () => {
  const recorders = Array.from({ length: 20 }, () => new TestRecorder());
  await Promise.all(
    recorders.map((recorder, i) =>
      withLocalRecorder(recorder, async () => {
        for (let turn = 0; turn <= i; turn++) {
          orders.increment();
          await nextTurn();
        }
      }),
    ),
  );
  expect(recorders.map((recorder) => recorder.value('orders'))).toEqual(recorders.map((_, i) => i + 1));
});

it('a scope goes on when the global recorder is replaced meanwhile', async () => {
  await withLocalRecorder(local, async () => {
    orders.increment();
    installation.uninstall();
    global = new TestRecorder();
    installation = setGlobalRecorder(global);
    await nextTurn();
    orders.increment();
  });
  expect(local.value('orders')).toBe(2);
  expect(global.value('orders')).toBeUndefined();
});

it('a late continuation keeps to its scope after the global recorder was replaced and used', async () => {
  let late: Promise<void> = Promise.resolve();
  withLocalRecorder(local, () => {
    late = nextTurn().then(() => orders.increment());
  });
  installation.uninstall();
  global = new TestRecorder();
  installation = setGlobalRecorder(global);
  orders.increment();
  await late;
  expect(local.value('orders')).toBe(1);
  expect(global.value('orders')).toBe(1);
});

it('asks a recorder again after a revocation, inside and outside', () => {
  withLocalRecorder(local, () => orders.increment(5));
  withLocalRecorder(local, () => {
    orders.increment(5);
    local.revokeCounter('orders', REVOKED);
    orders.increment();
  });
  orders.increment(5);
  global.revokeCounter('orders', REVOKED);
  orders.increment();
  expect(local.value('orders')).toBe(1);
  expect(global.value('orders')).toBe(1);
});

it('refusals are counted by the local recorder', () => {
  withLocalRecorder(local, () => orders.increment(Number.NaN));
  expect(local.refusals).toEqual(['counter not_a_number']);
  expect(global.refusals).toEqual([]);
});

it('is told the descriptions that it has not heard, once', () => {
  describeCounter('described.before', { unit: 'By' });
  const names = () => local.described.map(({ name }) => name);
  withLocalRecorder(local, () => describeCounter('described.inside', { unit: 'By' }));
  withLocalRecorder(local, () => {});
  describeCounter('described.outside', { unit: 'By' });
  expect(names()).toEqual(['described.before', 'described.inside']);
  withLocalRecorder(local, () => {});
  expect(names()).toEqual(['described.before', 'described.inside', 'described.outside']);
  expect(global.described.map(({ name }) => name)).toEqual(names());
});

it('hears of a metric before it is asked for a cell, described outside the running scope too', async () => {
  const task = withLocalRecorder(local, async () => {
    await nextTurn();
    counter('described.meanwhile').increment();
  });
  describeCounter('described.meanwhile', { unit: 'By' });
  await task;
  expect(local.described.map(({ name }) => name)).toContain('described.meanwhile');
});

it('timers read its clock', () => {
  let clock = 0;
  local.now = () => clock;
  withLocalRecorder(local, () => {
    const timer = histogram('timed').startTimer();
    clock = 2_000;
    timer.stop();
  });
  expect(local.samples('timed')).toEqual([2]);
});

it('a revoked cell of a counter whose store counts down is not written to once there was a local recorder', () => {
  withLocalRecorder(local, () => {});
  orders.increment();
  const revoked = global.counterCell('orders')!;
  revoked.store = { left: 1_000 };
  global.revokeCounter('orders', REVOKED);
  orders.increment(2);
  expect(revoked.slots![0]).toBe(1);
  expect(global.value('orders')).toBe(2);
});

it('refuses what is no recorder', () => {
  expect(() => withLocalRecorder({} as Recorder, () => {})).toThrow(
    expect.objectContaining({ code: 'OSTINATO_INVALID_RECORDER' }),
  );
});
