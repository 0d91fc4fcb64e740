import { commonLabels, fanout, filter, type Layer, prefix, redact, rename, route } from '../../src/index.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from '../support/series.ts';

const make = (...layers: readonly Layer[]) => createRecorder({ layers, maxMemory: 2 ** 20 });
const ALL = (): readonly Layer[] => [
  prefix('shop'),
  filter({ allow: ['**'], deny: ['a'], directives: 'info' }),
  commonLabels({ region: 'eu', zone: undefined }),
  rename({ a: 'b' }, { labels: { c: 'd' } }),
  redact({ drop: ['email'], hash: { labels: ['user'], key: 'k' }, allow: { '**': ['a'] } }),
];

function frozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozen);
}

test('layers are plain data: frozen, and cloned for other threads', () => {
  for (const layer of ALL()) {
    const { hash, ...rest } = layer as { hash?: { labels: unknown; key: unknown } };
    expect([layer, hash].every(Object.isFrozen)).toBe(true);
    expect([...Object.values(rest), hash?.labels].every(frozen)).toBe(true);
    expect(structuredClone(rest)).toEqual(rest);
    expect(() => make(structuredClone(layer))).not.toThrow();
  }
});

test('what a caller changes afterwards changes nothing', () => {
  const [names, drop, common] = [{ a: 'b' } as Record<string, string>, ['x'], { region: 'eu' }];
  const recorder = make(rename(names), redact({ drop }), commonLabels(common));
  names.a = 'c';
  drop[0] = 'y';
  common.region = 'us';
  recorder.counter(makeKey('a', { x: 1, y: 2 }), {}).sink.increment(1);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ name: 'b', labels: { region: 'eu', y: 2 } }]);
});

test('the first layer sees the key first', () => {
  const named = (...layers: readonly Layer[]) => {
    const recorder = make(...layers);
    recorder.counter(makeKey('orders'), {}).sink.increment(1);
    return readAll(recorder.reader().collect())[0]?.name;
  };
  const [shop, renamed] = [prefix('shop'), rename({ orders: 'sales' })];
  expect(named(shop, renamed)).toBe('shop.orders');
  expect(named(renamed, shop)).toBe('shop.sales');
  expect(named(prefix('a'), prefix('b'))).toBe('b.a.orders');
});

test('a common label gives way to the one that a series has', () => {
  const recorder = make(commonLabels({ region: 'eu', tier: 2 }));
  recorder.counter(makeKey('c', { region: 'us', a: 1 }), {}).sink.increment(1);
  expect(readAll(recorder.reader().collect())[0]?.labels).toEqual({ a: 1, region: 'us', tier: 2 });
});

test.each<[string, Record<string, string>, Record<string, number>, Record<string, number>]>([
  ['a label that has the name keeps it', { a: 'c' }, { a: 1, c: 2 }, { c: 2 }],
  ['the first by old name gets it', { b: 'c', a: 'c' }, { a: 1, b: 2 }, { c: 1 }],
  ['two are exchanged', { a: 'b', b: 'a' }, { a: 1, b: 2 }, { a: 2, b: 1 }],
  ['what is not there is not renamed', { x: 'y' }, { a: 1 }, { a: 1 }],
])('rename, labels: %s', (_, labels, given, expected) => {
  const recorder = make(rename({}, { labels }));
  recorder.counter(makeKey('c', given), {}).sink.increment(1);
  expect(readAll(recorder.reader().collect())[0]?.labels).toEqual(expected);
});

test('metrics that come to have one name are one; of different kinds, the first stays', () => {
  const recorder = make(rename({ a: 'c', b: 'c' }));
  const caught = catchWarnings();
  recorder.counter(makeKey('a'), {}).sink.increment(1);
  recorder.counter(makeKey('b'), {}).sink.increment(2);
  recorder.gauge(makeKey('c'), {}).sink.set(9);
  caught.stop();
  expect(readAll(recorder.reader().collect())).toMatchObject([{ name: 'c', value: 3 }]);
  expect(recorder.refusals()).toEqual({ kind: 1 });
});

test('a name that layers make too long is not recorded, counted, and reported once', () => {
  const recorder = make(prefix('shop'));
  const caught = catchWarnings();
  const name = 'n'.repeat(251);
  const { sink } = recorder.counter(makeKey(name), {});
  for (let i = 0; i < 3; i++) sink.increment(1);
  recorder.describe('counter', { name: 'test' }, name, { unit: 's' });
  recorder.gauge(makeKey(name), {}).sink.set(1);
  caught.stop();
  expect(recorder.refusals()).toEqual({ invalid_name: 4 });
  expect(caught.warnings).toMatchObject([
    { code: 'OSTINATO_INVALID_NAME', text: expect.stringContaining("'shop.nnn") },
  ]);
  expect(readAll(recorder.reader().collect())).toEqual([]);
});

test('descriptions pass the layers', () => {
  const recorder = make(rename({ a: 'b' }), prefix('shop'));
  recorder.describe('counter', { name: 'test' }, 'a', { unit: 'By', description: 'Bytes.' });
  recorder.counter(makeKey('a'), {}).sink.increment(1);
  expect(readAll(recorder.reader().collect())).toMatchObject([
    { name: 'shop.b', unit: 'By', description: 'Bytes.' },
  ]);
});

test("createRecorder's buckets go by the names that layers make", () => {
  const recorder = createRecorder({
    layers: [prefix('shop')],
    buckets: { 'shop.size': [1, 2] },
    maxMemory: 2 ** 20,
  });
  recorder.histogram(makeKey('size'), {}).sink.record(1, 1);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ bounds: [1, 2] }]);
});

const any = (value: unknown) => value as never;

test.each<[string, () => unknown, string]>([
  ['no name', () => prefix(any(5)), 'prefix: the prefix must be an ASCII letter, then'],
  ['a prefix with its dot', () => prefix('shop.'), "without a dot at the end, got 'shop.'"],
  ['no object', () => filter(any('info')), "filter: the options argument must be an object, got 'info'"],
  [
    'a misspelt option',
    () => filter(any({ allows: [] })),
    "filter: there is no option 'allows'; did you mean 'allow'?",
  ],
  [
    'a pattern as text',
    () => filter({ allow: any('a') }),
    'filter: allow must be an array of patterns: metric names',
  ],
  [
    'bad directives',
    () => filter({ directives: 'a=b' }),
    "filter: directives must be directives such as 'info,orders/",
  ],
  [
    'no variable',
    () => filter({ env: '' }),
    "filter: env must be the name of an environment variable, got ''",
  ],
  ['no labels', () => commonLabels(any(undefined)), 'commonLabels: labels must be an object, got undefined'],
  [
    'a bad label',
    () => commonLabels({ __a: 1 }),
    "commonLabels: label '__a': names that begin with '__' are reserved",
  ],
  ['a bad value', () => commonLabels({ a: any({}) }), "commonLabels: label 'a': a value must be a string"],
  ['no names', () => rename(any(undefined)), 'rename: the names must be an object, got undefined'],
  ['a bad new name', () => rename({ a: '1' }), "rename: names['a'] must be an ASCII letter, then"],
  [
    'a bad new label',
    () => rename({}, { labels: { a: '' } }),
    "rename: labels['a'] must be a label's name: not empty",
  ],
  [
    'an unknown member',
    () => rename({}, any({ label: {} })),
    "rename: there is no option 'label'; did you mean 'labels'?",
  ],
  [
    'labels as text',
    () => redact({ drop: any('email') }),
    "redact: drop must be an array of label names, got 'email'",
  ],
  ['a bad label name', () => redact({ drop: [''] }), "redact: drop: a label's name must not be empty"],
  [
    'no key',
    () => redact({ hash: any({ labels: ['a'] }) }),
    'redact: hash.key must be text, bytes (neither empty)',
  ],
  [
    'a bad pattern',
    () => redact({ allow: { 'a b': [] } }),
    "redact: allow's names must be patterns: metric names in",
  ],
  [
    'a bad allowed label',
    () => redact({ allow: { a: any([5]) } }),
    "redact: allow['a']: a label's name must be a string",
  ],
  ['no routes', () => route({}), 'route: at least one route is needed, none was given'],
  [
    'a bad route',
    () => route({ '*': make() }),
    "route: the prefixes must be beginnings of metric names, got '*'",
  ],
  ['no recorders', () => fanout(), 'fanout: at least one recorder is needed, none was given'],
  [
    'no array',
    () => make(any(prefix('a'))) && createRecorder({ layers: any(prefix('a')) }),
    'createRecorder: layers must be an',
  ],
  [
    'no layer',
    () => make(any('prefix')),
    'createRecorder: layers[0] must be made by prefix, filter, commonLabels, rename,',
  ],
  ['no layer at all', () => make(prefix('a'), any(undefined)), 'createRecorder: layers[1] must be made by'],
  ['a layer by hand', () => make(any({ layer: 'prefix', prefix: '1' })), 'prefix: the prefix must be'],
])('%s: the error says what was given and what is allowed', (_, build, expected) => {
  expect(build).toThrow(expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' }));
  expect(build).toThrow(expected);
});

test('what is no recorder cannot be forwarded to', () => {
  const code = expect.objectContaining({ code: 'OSTINATO_INVALID_RECORDER' });
  expect(() => fanout(any({}))).toThrow(code);
  expect(() => route({ a: any(undefined) })).toThrow(code);
  expect(() => route({ a: any({}) })).toThrow(/^route: 'a': a recorder is needed/);
  expect(() => make(any({ layer: 'fanout' }))).toThrow(/^fanout: at least one recorder is needed/);
});
