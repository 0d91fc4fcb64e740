import {
  defineCounter,
  defineGauge,
  defineHistogram,
  describeCounter,
  describeGauge,
  describeHistogram,
  scope,
} from '../src/index.ts';

type Loose = (...args: unknown[]) => unknown;
const [dc, dg, dh, sc, xc, xg, xh] = [
  defineCounter,
  defineGauge,
  defineHistogram,
  scope,
  describeCounter,
  describeGauge,
  describeHistogram,
] as unknown as [Loose, Loose, Loose, Loose, Loose, Loose, Loose];

it.each<[string, () => unknown, string]>([
  ['a bad name', () => dc('9lives'), "defineCounter: the name is '9lives', but must be an ASCII letter"],
  ['no name', () => dg(), 'defineGauge: the name is undefined'],
  ['a Symbol for a name', () => xh(Symbol('x'), {}), 'describeHistogram: the name is Symbol(x)'],
])('%s is refused with OSTINATO_INVALID_NAME', (_, call, text) => {
  expect(call).toThrow(
    expect.objectContaining({ code: 'OSTINATO_INVALID_NAME', message: expect.stringContaining(text) }),
  );
});

it.each<[() => unknown, string]>([
  [
    () => dc('x', 5),
    "defineCounter('x'): the options argument is 5, but must be an object with any of: unit, description, level, labels.",
  ],
  [() => dc('x', null), 'the options argument is null'],
  [
    () => dc('x', { descripton: 'd' }),
    "defineCounter('x'): there is no option 'descripton'. Did you mean 'description'? Allowed are: unit, description, level, labels.",
  ],
  [
    () => dh('x', { bounds: [1] }),
    "there is no option 'bounds'. Allowed are: unit, description, level, buckets, labels.",
  ],
  [() => dc('x', { Labels: ['a'] }), "Did you mean 'labels'?"],
  [() => dg('x', { buckets: [1] }), "defineGauge('x'): there is no option 'buckets'. Allowed"],
  [() => xc('x', { labels: ['a'] }), "describeCounter('x'): there is no option 'labels'."],
  [() => xg('x', { unit: 5 }), "describeGauge('x'): option 'unit' is 5, but must be a UCUM unit"],
  [() => dc('x', { unit: 'µs' }), "option 'unit' is 'µs'"],
  [() => dc('x', { unit: 'x'.repeat(64) }), "option 'unit'"],
  [() => dc('x', { description: {} }), "option 'description' is an object, but must be a string."],
  [
    () => dc('x', { level: 'loud' }),
    "option 'level' is 'loud', but must be one of trace, debug, info, warn, error.",
  ],
  [() => dh('x', { buckets: 5 }), "option 'buckets' is 5, but must be an array of finite numbers"],
  [() => dh('x', { buckets: [1, 1] }), "option 'buckets' is [1, 1]"],
  [() => dh('x', { buckets: [2, 1] }), 'each greater than the one before'],
  [() => dh('x', { buckets: [1, Number.POSITIVE_INFINITY] }), "option 'buckets' is [1, Infinity]"],
  [() => dh('x', { buckets: ['1'] }), "option 'buckets' is ['1']"],
  [
    () => dc('x', { labels: 'a' }),
    "option 'labels' is 'a', but must be an array of one or more different label names",
  ],
  [() => dc('x', { labels: [] }), "option 'labels' is []"],
  [() => dc('x', { labels: ['a', 'a'] }), "option 'labels' is ['a', 'a']"],
  [() => dc('x', { labels: ['__name__'] }), "names that begin with '__' are reserved by Prometheus"],
  [() => dc('x', { labels: ['a', 5] }), "a label's name must be a string; it was 5"],
  [() => sc(), "scope: option 'name' is undefined, but must be a string that is not empty."],
  [() => sc({ name: '' }), "scope: option 'name' is ''"],
  [() => sc({ name: 'a', version: 1 }), "scope: option 'version' is 1, but must be a string."],
  [() => sc({ name: 'a', level: 'x' }), "scope: option 'level' is 'x'"],
  [() => sc({ name: 'a', label: {} }), "scope: there is no option 'label'. Did you mean 'labels'?"],
  [() => sc({ name: 'a', labels: { a: null } }), "scope: option 'labels': label 'a': a value must be"],
])(
  'wrong options %# are refused with OSTINATO_INVALID_OPTION, what was given and what is allowed',
  (call, text) => {
    expect(call).toThrow(
      expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION', message: expect.stringContaining(text) }),
    );
  },
);

it('accepts options that are undefined, no bounds, and every unit of UCUM', () => {
  dc('undefined.options', { unit: undefined, description: undefined, level: undefined, labels: undefined });
  dh('no.bounds', { buckets: [] });
  for (const unit of ['', '1', 's', 'By/s', '{request}', '[degF]', '10*3', 'm2.s-1'])
    dc(`unit.${unit.length}${unit.replace(/\W/g, '')}`, { unit });
});

it('a caller that changes its options afterwards changes nothing', () => {
  const labels: [string, ...string[]] = ['a'];
  const buckets = [1, 2];
  const family = defineHistogram('copied', { labels, buckets });
  labels[0] = 'b';
  buckets[0] = 5;
  expect(defineHistogram('copied', { labels: ['a'], buckets: [1, 2] })).toBe(family);
});
