import {
  counter,
  defineCounter,
  gauge,
  histogram,
  observeGauge,
  scope,
  setGlobalRecorder,
  withLocalRecorder,
} from '@ostinato/core';
import { commonLabels } from '../../src/layers/common-labels.ts';
import { filter } from '../../src/layers/filter.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { prefix } from '../../src/layers/prefix.ts';
import { redact } from '../../src/layers/redact.ts';
import { rename } from '../../src/layers/rename.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, readAll } from '../support/series.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
let uninstall = () => {};
afterEach(() => {
  caught.stop();
  uninstall();
});

let names = 0;
/** The facade remembers definitions for the life of the process: each test has names of its own. */
const unique = (name: string) => `${name}${names++}`;

function install(...layers: readonly Layer[]) {
  const recorder = createRecorder({ layers, maxMemory: 2 ** 20 });
  ({ uninstall } = setGlobalRecorder(recorder));
  const reader = recorder.reader();
  const read = () =>
    Object.fromEntries(readAll(reader.collect()).map((one) => [one.name, one.value || one.count]));
  return { recorder, read };
}

test('live handles of each kind follow a filter that is changed, and what was recorded before stays', () => {
  const { recorder, read } = install(filter({ deny: ['none'] }));
  const [c, g, h] = [unique('c'), unique('g'), unique('h')];
  const handles = [counter(c), gauge(g), histogram(h)] as const;
  const record = (value: number) => {
    handles[0].increment(value);
    handles[1].set(value);
    handles[1].increment(0);
    handles[2].record(value);
  };
  for (let i = 0; i < 3; i++) record(5);
  expect(read()).toEqual({ [c]: 15, [g]: 5, [h]: 3 });
  recorder.setFilter({ deny: ['**'] });
  for (let i = 0; i < 3; i++) record(7);
  expect(read()).toEqual({ [c]: 15, [g]: 5, [h]: 3 });
  recorder.setFilter({});
  for (let i = 0; i < 3; i++) record(1);
  expect(read()).toEqual({ [c]: 18, [g]: 1, [h]: 6 });
  expect(recorder.refusals()).toEqual({});
});

test('a counter that is set by absolute follows it too, and keeps its highest value', () => {
  const { recorder, read } = install();
  const name = unique('c');
  const handle = counter(name);
  handle.absolute(10);
  recorder.setFilter({ deny: ['**'] });
  handle.absolute(20);
  recorder.setFilter({ deny: [] });
  handle.absolute(15);
  expect(read()).toEqual({ [name]: 15 });
});

test('of two handles that share a series, the one that is let through does not open the way for the other', () => {
  const [old, name] = [unique('old'), unique('c')];
  const { recorder, read } = install(filter({}), rename({ [old]: name }));
  const [held, other] = [counter(old), counter(name)];
  for (const handle of [held, other, held, other]) handle.increment();
  recorder.setFilter({ deny: [old] });
  other.increment(10);
  other.increment(10);
  held.increment(100);
  held.increment(100);
  expect(read()).toEqual({ [name]: 24 });
  recorder.setFilter({ deny: [name] });
  other.increment(1000);
  held.increment(100);
  other.increment(1000);
  held.increment(100);
  expect(read()).toEqual({ [name]: 224 });
});

test('nor do handles of one series in two scopes of different level, whatever their kind', () => {
  const [c, g, h] = [unique('c'), unique('g'), unique('h')];
  const { recorder } = install();
  const scopes = [scope({ name: 'twin', level: 'debug' }), scope({ name: 'twin', level: 'warn' })];
  const handles = scopes.map((one) => [one.counter(c), one.gauge(g), one.histogram(h)] as const);
  const record = (i: number, value: number) => {
    handles[i]![0].increment(value);
    handles[i]![1].set(value);
    handles[i]![2].record(value);
  };
  for (const i of [0, 1, 0, 1]) record(i, 1);
  recorder.setFilter({ directives: 'info' });
  for (const i of [1, 1, 0, 0]) record(i, i === 0 ? 100 : 2);
  const reads = readAll(recorder.reader().collect());
  expect(reads.map(({ value, sum }) => value || sum)).toEqual([8, 2, 8]);
});

test('overflow series, which many handles share, stay closed to what is held back', () => {
  const recorder = createRecorder({ cardinality: 2, maxMemory: 2 ** 20 });
  ({ uninstall } = setGlobalRecorder(recorder));
  const name = unique('c');
  const [debug, warn] = (['debug', 'warn'] as const).map((level) => scope({ name: 'many', level }));
  const all = [1, 2, 3].map((i) => [debug!.counter(name, { i }), warn!.counter(name, { i })] as const);
  for (const pair of all) for (const handle of pair) handle.increment();
  recorder.setFilter({ directives: 'info' });
  for (const [, handle] of all) handle.increment(10);
  for (const [handle] of all) handle.increment(1000);
  expect(readAll(recorder.reader().collect()).map(({ value }) => value)).toEqual([12, 24]);
});

test("a metric's own level decides, else its scope's, else info", () => {
  const { recorder } = install(filter({ directives: 'info,loud=error,quiet/part=debug' }));
  const name = unique('c');
  const define = (scopeName: string, level?: 'debug' | 'warn' | 'error', own?: 'trace' | 'debug' | 'error') =>
    scope({ name: scopeName, ...(level && { level }) })
      .defineCounter(unique(name), { ...(own && { level: own }), unit: '1' })
      .increment();
  define('a');
  define('b', 'debug');
  define('c', 'debug', 'error');
  define('d', 'error', 'debug');
  define('loud');
  define('loud/e', 'error');
  define('quiet', 'debug');
  define('quiet/part', 'debug');
  define('quiet/part/f', 'warn', 'trace');
  const reads = readAll(recorder.reader().collect());
  expect(reads.map((one) => one.scope)).toEqual(['a', 'c', 'loud/e', 'quiet/part']);
});

test('a level that becomes known when the handle is held already counts from then on', () => {
  const { read } = install(filter({ directives: 'info' }));
  const name = unique('c');
  const handle = counter(name);
  handle.increment();
  handle.increment();
  defineCounter(name, { level: 'debug' });
  handle.increment();
  handle.increment();
  expect(read()).toEqual({ [name]: 2 });
});

test('descriptions of what is held back are not lost', () => {
  const { recorder } = install(filter({ deny: ['**'] }));
  const name = unique('c');
  const handle = defineCounter(name, { unit: 'By', description: 'Bytes.' });
  handle.increment();
  recorder.setFilter({});
  handle.increment();
  expect(readAll(recorder.reader().collect())).toMatchObject([
    { name, value: 1, unit: 'By', description: 'Bytes.' },
  ]);
});

test('the first filter of several is the one that changes; the others stay', () => {
  const { recorder, read } = install(prefix('x'), filter({ deny: ['x.a*'] }), filter({ deny: ['x.b*'] }));
  const [a, b, c] = [unique('a'), unique('b'), unique('c')];
  const record = () => {
    for (const name of [a, b, c]) counter(name).increment();
  };
  record();
  expect(read()).toEqual({ [`x.${c}`]: 1 });
  recorder.setFilter({ deny: ['x.c*'] });
  record();
  expect(read()).toEqual({ [`x.${a}`]: 1, [`x.${c}`]: 1 });
});

test('without a filter, the one that is set stands in front: it sees names as they are recorded', () => {
  const { recorder, read } = install(prefix('x'), commonLabels({ region: 'eu' }), redact({ drop: ['y'] }));
  const [a, b] = [unique('a'), unique('b')];
  recorder.setFilter({ allow: [a] });
  for (const name of [a, b]) counter(name).increment();
  expect(read()).toEqual({ [`x.${a}`]: 1 });
});

test('a change reaches a handle inside a local recorder, also after an await', async () => {
  const recorder = createRecorder({ layers: [filter({})], maxMemory: 2 ** 20 });
  const handle = counter(unique('c'));
  await withLocalRecorder(recorder, async () => {
    handle.increment();
    recorder.setFilter({ deny: ['**'] });
    handle.increment(10);
    await Promise.resolve();
    handle.increment(10);
    recorder.setFilter({ allow: ['**'] });
    handle.increment(100);
  });
  expect(readAll(recorder.reader().collect()).map(({ value }) => value)).toEqual([101]);
});

test('observed values follow it too', () => {
  const { recorder, read } = install();
  const name = unique('g');
  let value = 1;
  using _ = observeGauge(name, () => value);
  expect(read()).toEqual({ [name]: 1 });
  recorder.setFilter({ deny: ['**'] });
  value = 2;
  expect(read()).toEqual({ [name]: 1 });
  recorder.setFilter({});
  expect(read()).toEqual({ [name]: 2 });
});

test('an allow-list that is empty holds everything back', () => {
  const { read } = install(filter({ allow: [] }));
  counter(unique('c')).increment();
  expect(read()).toEqual({});
});

describe('directives of the environment', () => {
  const variable = 'METRICS_TEST_LEVEL';
  afterEach(() => {
    delete process.env[variable];
  });
  const directives = () => filter({ directives: 'warn', env: variable }).directives;

  test('take the place of those in the code', () => {
    process.env[variable] = 'debug,orders=off';
    expect(directives()).toBe('debug,orders=off');
  });

  test('that are absent or empty do not', () => {
    expect(directives()).toBe('warn');
    process.env[variable] = '';
    expect(directives()).toBe('warn');
  });

  test('that are not valid are reported and ignored', () => {
    process.env[variable] = 'verbose';
    expect(directives()).toBe('warn');
    expect(caught.warnings).toMatchObject([{ code: 'OSTINATO_INVALID_DIRECTIVES' }]);
    expect(caught.warnings[0]?.text).toContain(
      `${variable} is ignored: it must be directives such as 'info,orders/db`,
    );
  });
});

test('setFilter refuses what it cannot do, and changes nothing then', () => {
  const { recorder, read } = install();
  const code = expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' });
  const attempt = (options: object) => () => recorder.setFilter(options);
  expect(attempt({ directives: 'loud' })).toThrow(code);
  expect(attempt({ directives: 'loud' })).toThrow(
    /^setFilter: directives must be directives such as .*, got 'loud'$/,
  );
  expect(attempt({ denny: [] })).toThrow(/^setFilter: there is no option 'denny'; did you mean 'deny'\?/);
  expect(attempt({ deny: Array.from({ length: 40 }, () => 'a'.repeat(100)) })).toThrow(
    /too long: 4 KiB are possible/,
  );
  const name = unique('c');
  counter(name).increment();
  expect(read()).toEqual({ [name]: 1 });
});
