import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import {
  counter,
  defineCounter,
  defineGauge,
  defineHistogram,
  type Installation,
  scope,
  setGlobalRecorder,
  setTraceContext,
  withLabels,
  withLocalRecorder,
} from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
let recorder: TestRecorder;
let installation: Installation;
beforeEach(() => {
  recorder = new TestRecorder();
  installation = setGlobalRecorder(recorder);
});
afterEach(() => installation.uninstall());

const orders = defineCounter('orders', { contextLabels: ['tenant', 'tier'] });

test('labels of the context reach a metric that names them, and no other', () => {
  withLabels({ tenant: 'acme', user: 'ada' }, () => {
    orders.increment();
    counter('plain').increment();
    counter('orders').increment(10);
  });
  orders.increment(100);
  expect(recorder.value('orders{tenant=acme}')).toBe(1);
  expect(recorder.value('plain')).toBe(1);
  expect(recorder.value('orders')).toBe(110);
});

test('they follow awaits, nest, and end with what was called', async () => {
  const inner = async () => {
    await nextTurn();
    orders.increment();
    await withLabels({ tenant: 'inner' }, async () => {
      await null;
      orders.increment(10);
    });
    orders.increment(100);
  };
  await Promise.all([withLabels({ tenant: 'a', tier: 'gold' }, inner), withLabels({ tenant: 'b' }, inner)]);
  orders.increment(1000);
  expect(recorder.value('orders{tenant=a,tier=gold}')).toBe(101);
  expect(recorder.value('orders{tenant=inner,tier=gold}')).toBe(10);
  expect(recorder.value('orders{tenant=b}')).toBe(101);
  expect(recorder.value('orders{tenant=inner}')).toBe(10);
  expect(recorder.value('orders')).toBe(1000);
});

test('the result and the error of what is called come out', () => {
  expect(withLabels({ tenant: 'a' }, () => 'result')).toBe('result');
  expect(() =>
    withLabels({ tenant: 'a' }, () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  orders.increment();
  expect(recorder.value('orders')).toBe(1);
});

test('a label of the metric wins, of its scope too; one that is absent does not', () => {
  const requests = defineCounter('requests', { labels: ['tenant', 'route'], contextLabels: ['tenant'] });
  const db = scope({ name: 'db', labels: { tenant: 'own' } });
  const queries = db.defineCounter('queries', { contextLabels: ['tenant', 'tier'] });
  withLabels({ tenant: 'context', tier: 1 }, () => {
    requests.with({ tenant: 'metric', route: '/' }).increment();
    requests.labels(undefined, '/').increment(2);
    requests.labels('', '/').increment(4);
    queries.increment(8);
  });
  expect(recorder.value('requests{route=/,tenant=metric}')).toBe(1);
  expect(recorder.value('requests{route=/,tenant=context}')).toBe(6);
  expect(recorder.value('db/queries{tenant=own,tier=1}')).toBe(8);
});

test('an inner label that is absent hides nothing', () => {
  withLabels({ tenant: 'outer' }, () =>
    withLabels({ tenant: undefined, tier: '' }, () => {
      orders.increment();
    }),
  );
  expect(recorder.value('orders{tenant=outer}')).toBe(1);
});

test('gauges, histograms, timers and timed calls have them as well', async () => {
  const depth = defineGauge('depth', { contextLabels: ['tenant'] });
  const latency = defineHistogram('latency', { unit: 'ms', contextLabels: ['tenant'] });
  const byRoute = defineHistogram('by.route', { labels: ['route'], contextLabels: ['tenant'] });
  let now = 0;
  recorder.now = () => now;
  await withLabels({ tenant: 'a' }, async () => {
    depth.set(5);
    depth.increment();
    depth.decrement(2);
    latency.record(1);
    latency.recordMany(2, 2);
    const timers = [latency.startTimer(), byRoute.startTimer()] as const;
    now += 3;
    timers[0].stop();
    timers[1].stop('/');
    await latency.time(async () => {
      await null;
      now += 4;
    });
  });
  expect(recorder.value('depth{tenant=a}')).toBe(4);
  expect(recorder.samples('latency{tenant=a}')).toEqual([1, 2, 2, 3, 4]);
  expect(recorder.samples('by.route{route=/,tenant=a}')).toEqual([0.003]);
});

test('they compose with local recorders, in either order', () => {
  const local = new TestRecorder();
  withLabels({ tenant: 'a' }, () => withLocalRecorder(local, () => orders.increment()));
  withLocalRecorder(local, () => withLabels({ tenant: 'a' }, () => orders.increment(2)));
  withLabels({ tenant: 'a' }, () => orders.increment(4));
  expect(local.value('orders{tenant=a}')).toBe(3);
  expect(recorder.value('orders{tenant=a}')).toBe(4);
});

test('one definition is one handle; other context labels are another view of the metric', () => {
  expect(defineCounter('orders', { contextLabels: ['tenant', 'tier'] })).toBe(orders);
  const coarse = defineCounter('orders', { contextLabels: ['tier'] });
  withLabels({ tenant: 'a', tier: 'b' }, () => coarse.increment());
  expect(recorder.value('orders{tier=b}')).toBe(1);
});

test('bad labels are reported once, and what is called is called without them', () => {
  const bad = { tenant: 'ok', tier: {} } as never;
  for (let i = 0; i < 2; i++) withLabels(bad, () => orders.increment());
  withLabels({ tenant: 'a' }, () => withLabels(null as never, () => orders.increment(4)));
  expect(recorder.value('orders')).toBe(2);
  expect(recorder.value('orders{tenant=a}')).toBe(4);
  expect(warnings.filter(({ code }) => code === 'OSTINATO_INVALID_LABEL')).toHaveLength(1);
});

test('bad operations are refused as on any handle', () => {
  withLabels({ tenant: 'a' }, () => {
    orders.increment(-1);
    orders.increment('5' as never);
  });
  expect(recorder.refusals).toEqual(['counter negative', 'counter not_a_number']);
});

test('labels of spans come after those of withLabels, and only if they can be labels', () => {
  const given: Record<string, unknown> = { tenant: 'span', tier: 'span' };
  const context = setTraceContext({ activeSpan: () => undefined, label: (name) => given[name] });
  withLabels({ tenant: 'with' }, () => orders.increment());
  orders.increment(2);
  for (const value of [['a'], {}, Number.NaN, null, '']) {
    given.tier = value;
    orders.increment(4);
  }
  context[Symbol.dispose]();
  orders.increment(8);
  expect(recorder.value('orders{tenant=with,tier=span}')).toBe(1);
  expect(recorder.value('orders{tenant=span,tier=span}')).toBe(2);
  expect(recorder.value('orders{tenant=span}')).toBe(20);
  expect(recorder.value('orders')).toBe(8);
});

test('a trace context that throws is reported, and gives no labels', () => {
  const context = setTraceContext({
    activeSpan: () => undefined,
    label() {
      throw new Error('no');
    },
  });
  orders.increment();
  context[Symbol.dispose]();
  expect(recorder.value('orders')).toBe(1);
  expect(warnings.map(({ code }) => code)).toContain('OSTINATO_TRACE_CONTEXT');
});

test('beyond what the caches keep, records still arrive', () => {
  const { cache } = sharedState();
  const { entries } = cache;
  cache.entries = 10_000;
  for (let i = 0; i < 3; i++) withLabels({ tenant: `t${i}` }, () => orders.increment());
  withLabels({ tenant: 't1' }, () => orders.increment());
  cache.entries = entries;
  expect([0, 1, 2].map((i) => recorder.value(`orders{tenant=t${i}}`))).toEqual([1, 2, 1]);
});

const LABELS = ['a', 'b', 'c'] as const;
const someLabels = fc.dictionary(fc.constantFrom(...LABELS), fc.constantFrom('1', '2', undefined, ''));

test('whatever is nested in whatever order, each label is that of the metric, or the innermost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someLabels, { maxLength: 4 }),
      someLabels,
      fc.subarray([...LABELS], { minLength: 1 }),
      fc.boolean(),
      async (scopes, own, names, awaits) => {
        const found = new TestRecorder();
        const family = defineCounter('nested', { labels: LABELS, contextLabels: names });
        const enter = async (depth: number): Promise<void> => {
          if (awaits) await null;
          const labels = scopes[depth];
          if (labels === undefined) family.with({ a: own.a, b: own.b, c: own.c }).increment();
          else await withLabels(labels, () => enter(depth + 1));
        };
        await withLocalRecorder(found, () => enter(0));
        const present = (labels: Record<string, string | undefined>) =>
          Object.fromEntries(Object.entries(labels).filter(([, value]) => value));
        const context = Object.assign({}, ...scopes.map(present));
        const expected = LABELS.flatMap((name) => {
          const value = present(own)[name] ?? (names.includes(name) ? context[name] : undefined);
          return value === undefined ? [] : [`${name}=${value}`];
        });
        const series = expected.length === 0 ? 'nested' : `nested{${expected.join()}}`;
        expect(found.value(series)).toBe(1);
      },
    ),
  );
});
