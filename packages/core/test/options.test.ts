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
  ['a bad name', () => dc('9lives'), 'defineCounter: the name must be an ASCII letter'],
  ['no name', () => dg(), ', got undefined'],
  ['a Symbol for a name', () => xh(Symbol('x'), {}), ', got Symbol(x)'],
])('%s is refused with OSTINATO_INVALID_NAME', (_, call, text) => {
  expect(call).toThrow(
    expect.objectContaining({ code: 'OSTINATO_INVALID_NAME', message: expect.stringContaining(text) }),
  );
});

it.each<[() => unknown, string]>([
  [() => dc('x', 5), "defineCounter('x'): the options argument must be an object, got 5"],
  [() => dc('x', null), 'an object, got null'],
  [
    () => dc('x', { descripton: 'd' }),
    "defineCounter('x'): there is no option 'descripton'; did you mean 'description'? (known: unit, description, level, labels, contextLabels)",
  ],
  [
    () => dh('x', { bounds: [1] }),
    "there is no option 'bounds' (known: unit, description, level, buckets, labels, contextLabels)",
  ],
  [() => dc('x', { Labels: ['a'] }), "did you mean 'labels'?"],
  [() => dg('x', { buckets: [1] }), "defineGauge('x'): there is no option 'buckets' (known"],
  [() => xc('x', { labels: ['a'] }), "describeCounter('x'): there is no option 'labels' (known"],
  [() => xg('x', { unit: 5 }), "describeGauge('x'): unit must be a UCUM unit"],
  [() => dc('x', { unit: 'µs' }), "got 'µs'"],
  [() => dc('x', { unit: 'x'.repeat(64) }), 'unit must be'],
  [() => dc('x', { description: {} }), 'description must be a string, got an object'],
  [
    () => dc('x', { level: 'loud' }),
    "level must be one of 'trace', 'debug', 'info', 'warn', 'error', got 'loud'",
  ],
  [() => dh('x', { buckets: 5 }), 'buckets must be an array of finite numbers'],
  [() => dh('x', { buckets: [1, 1] }), 'got [1, 1]'],
  [() => dh('x', { buckets: [2, 1] }), 'each greater than the one before'],
  [() => dh('x', { buckets: [1, Number.POSITIVE_INFINITY] }), 'got [1, Infinity]'],
  [() => dh('x', { buckets: ['1'] }), "got ['1']"],
  [() => dc('x', { labels: 'a' }), 'labels must be an array of one or more different label names'],
  [() => dc('x', { labels: [] }), 'got []'],
  [() => dc('x', { labels: ['a', 'a'] }), "got ['a', 'a']"],
  [() => dc('x', { labels: ['__name__'] }), "names that begin with '__' are reserved by Prometheus"],
  [() => dc('x', { labels: ['a', 5] }), "a label's name must be a string; it was 5"],
  [() => sc(), 'scope: name must be a string that is not empty, got undefined'],
  [() => sc({ name: '' }), "scope: name must be a string that is not empty, got ''"],
  [() => sc({ name: 'a', version: 1 }), 'scope: version must be a string, got 1'],
  [() => sc({ name: 'a', level: 'x' }), "'error', got 'x'"],
  [() => sc({ name: 'a', label: {} }), "scope: there is no option 'label'; did you mean 'labels'?"],
  [() => sc({ name: 'a', labels: { a: null } }), "scope: labels: label 'a': a value must be"],
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
