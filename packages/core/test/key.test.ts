import fc from 'fast-check';
import { isMetricName, makeKey, readLabels } from '../src/key.ts';

const scope = Object.freeze({ name: 'ostinato' });

function keyOf(labels: object, inherited: object = {}) {
  return makeKey(scope, 'orders', readLabels(inherited) as never, readLabels(labels) as never);
}

it.each(['a', 'Z', 'http.server.request-duration', 'a/b_c', 'x'.repeat(255)])(
  '%p is a metric name',
  (name) => {
    expect(isMetricName(name)).toBe(true);
  },
);

it.each([
  '',
  '1a',
  '_a',
  '.a',
  'a b',
  'a\n',
  'é',
  'a{b}',
  'a:b',
  'x'.repeat(256),
  undefined,
  null,
  5,
  {},
  ['a'],
])('%p is none', (name) => {
  expect(isMetricName(name)).toBe(false);
});

it('sorts labels by name in code unit order, whatever order they came in', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.tuple(labelName(), fc.oneof(fc.string({ minLength: 1 }), fc.integer(), fc.boolean())),
        {
          selector: ([name]) => name,
        },
      ),
      (entries) => {
        const { labels } = keyOf(Object.fromEntries(entries));
        expect(labels).toEqual(keyOf(Object.fromEntries([...entries].reverse())).labels);
        const names = labels.map(([name]) => name);
        expect(names).toEqual([...names].sort());
      },
    ),
  );
});

function labelName() {
  return fc.string({ minLength: 1 }).filter((name) => !name.startsWith('__'));
}

it('is frozen all the way down and keeps nothing of the caller', () => {
  const labels: Record<string, string> = { b: '1', a: '2' };
  const key = keyOf(labels);
  labels.a = 'changed';
  expect(key.labels).toEqual([
    ['a', '2'],
    ['b', '1'],
  ]);
  for (const object of [key, key.labels, ...key.labels]) expect(Object.isFrozen(object)).toBe(true);
});

it('leaves absent labels out, and keeps values of all three types', () => {
  expect(keyOf({ a: undefined, b: '', c: 0, d: false, e: -0, f: 1.5 }).labels).toEqual([
    ['c', 0],
    ['d', false],
    ['e', 0],
    ['f', 1.5],
  ]);
});

it("lets a metric's label win over the scope's, and an absent one leave it", () => {
  expect(keyOf({ a: 'own', b: undefined, c: '' }, { a: 'scope', b: 'scope', c: 3 }).labels).toEqual([
    ['a', 'own'],
    ['b', 'scope'],
    ['c', 3],
  ]);
});

it('replaces lone surrogates, which UTF-8 cannot carry, and keeps pairs', () => {
  expect(keyOf({ 'n\ud800': 'v\udc00', ok: '\u{1f600}' }).labels).toEqual([
    ['n\ufffd', 'v\ufffd'],
    ['ok', '\u{1f600}'],
  ]);
  expect(keyOf({ '\ud800': 1, '\ud801': 2 }).labels).toEqual([['\ufffd', 2]]);
});

it.each([
  [{ '': 'x' }, 'must not be empty'],
  [{ __name__: 'x' }, "'__'"],
  [JSON.parse('{"__proto__": "x"}'), "'__'"],
  [{ a: null }, 'it was null'],
  [{ a: Number.NaN }, 'it was NaN'],
  [{ a: Number.POSITIVE_INFINITY }, 'it was Infinity'],
  [{ a: 5n }, 'a bigint'],
  [{ a: Symbol('s') }, 'Symbol(s)'],
  [{ a: {} }, 'an object'],
  [{ a: () => 1 }, 'a function'],
  [null, 'it was null'],
  ['a=b', "it was 'a=b'"],
  [5, 'it was 5'],
  [
    {
      get a() {
        throw new Error('no');
      },
    },
    'threw',
  ],
  [revoked(), 'threw'],
])('refuses labels %#', (labels, problem) => {
  expect(readLabels(labels)).toContain(problem);
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

it('takes own enumerable labels only', () => {
  const labels = Object.create({ inherited: 'x' });
  labels.own = 'y';
  Object.defineProperty(labels, 'hidden', { value: 'z', enumerable: false });
  labels[Symbol('s')] = 'w';
  expect(keyOf(labels).labels).toEqual([['own', 'y']]);
});

it('gives equal labels of several series as one object, and those that only look alike apart', () => {
  const first = keyOf({ code: 200, a: 'b' });
  const second = keyOf({ code: 200, a: 'c' });
  const text = keyOf({ code: '200' });
  expect(second.labels[1]).toBe(first.labels[1]);
  expect(text.labels[0]).toEqual(['code', '200']);
  expect(first.labels).toEqual([
    ['a', 'b'],
    ['code', 200],
  ]);
  expect(keyOf({ 'a b': 'c' }).labels).toEqual([['a b', 'c']]);
  expect(keyOf({ a: 'b c' }).labels).toEqual([['a', 'b c']]);
});
