import {
  defineCounter,
  defineGauge,
  defineHistogram,
  describeCounter,
  describeGauge,
  describeHistogram,
  type Installation,
  scope,
  setGlobalRecorder,
} from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
let installation: Installation | undefined;

function install(): TestRecorder {
  const recorder = new TestRecorder();
  installation = setGlobalRecorder(recorder);
  return recorder;
}
afterEach(() => {
  installation?.uninstall();
  installation = undefined;
});

const summary = (recorder: TestRecorder) =>
  recorder.described.map(({ kind, scope, name, meta }) => [kind, `${scope.name}/${name}`, meta]);

describe('descriptions', () => {
  it('given before a recorder is installed reach it when it is, and the next one too', () => {
    defineCounter('early.counter', { unit: '{order}', description: 'Orders.', level: 'warn' });
    defineHistogram('early.histogram', { buckets: [1, 2], labels: ['a'] });
    describeGauge('early.gauge', { description: 'Theirs.' });
    scope({ name: 'db' }).describeHistogram('early', { unit: 'ms' });
    const expected = [
      ['counter', 'ostinato/early.counter', { unit: '{order}', description: 'Orders.', level: 'warn' }],
      ['histogram', 'ostinato/early.histogram', { buckets: [1, 2] }],
      ['gauge', 'ostinato/early.gauge', { description: 'Theirs.' }],
      ['histogram', 'db/early', { unit: 'ms' }],
    ];
    expect(summary(install())).toEqual(expected);
    installation?.uninstall();
    expect(summary(install())).toEqual(expected);
  });

  it('given later reach the installed recorder at once, and once', () => {
    const recorder = install();
    const before = recorder.described.length;
    describeCounter('late', { unit: 'By' });
    describeCounter('late', { unit: 'By' });
    expect(summary(recorder).slice(before)).toEqual([['counter', 'ostinato/late', { unit: 'By' }]]);
  });

  it('are not repeated to a recorder that is installed again', () => {
    describeCounter('once', { unit: 'By' });
    const recorder = install();
    const before = recorder.described.length;
    installation?.uninstall();
    installation = setGlobalRecorder(recorder);
    expect(recorder.described).toHaveLength(before);
  });

  it('of a metric that says nothing are not told', () => {
    const recorder = install();
    const before = recorder.described.length;
    defineCounter('silent');
    describeCounter('silent', {});
    expect(recorder.described).toHaveLength(before);
  });

  it('come with the series when a handle binds', () => {
    const counter = defineCounter('bound', { unit: '{x}' });
    describeCounter('bound', { description: 'Added.' });
    const recorder = install();
    counter.increment();
    expect(recorder.bound[0]?.meta).toEqual({ unit: '{x}', description: 'Added.' });
    expect(Object.isFrozen(recorder.bound[0]?.meta)).toBe(true);
  });

  it('fill in what earlier ones left open', () => {
    const recorder = install();
    const before = recorder.described.length;
    describeHistogram('filled', { description: 'First.' });
    defineHistogram('filled', { unit: 'ms', buckets: [1, 5] });
    expect(summary(recorder).slice(before).at(-1)).toEqual([
      'histogram',
      'ostinato/filled',
      { description: 'First.', unit: 'ms', buckets: [1, 5] },
    ]);
    expect(warnings).toEqual([]);
  });
});

describe('a second definition', () => {
  it('that says the same is no news', () => {
    const first = defineHistogram('same', { unit: 's', buckets: [1, 2], labels: ['a'] });
    expect(defineHistogram('same', { unit: 's', buckets: [1, 2], labels: ['a'] })).toBe(first);
    expect(defineGauge('plain', { unit: 's' })).toBe(defineGauge('plain', { unit: 's' }));
    expect(warnings).toEqual([]);
  });

  it('that differs is reported once, and the first stays', () => {
    const first = defineHistogram('twice', { unit: 's', buckets: [1, 2] });
    for (let i = 0; i < 3; i++) expect(defineHistogram('twice', { unit: 'ms', buckets: [1, 3] })).toBe(first);
    const recorder = install();
    first.record(1);
    expect(recorder.bound[0]?.meta).toEqual({ unit: 's', buckets: [1, 2] });
    expect(warnings).toEqual([
      {
        code: 'OSTINATO_DEFINITION_DIFFERS',
        text:
          "histogram 'twice' of scope 'ostinato' was defined before and differs: unit 's', now 'ms'; " +
          'buckets [1, 2], now [1, 3]. The first definition stays.',
      },
    ]);
  });

  it('in another scope or of another kind is another metric', () => {
    defineCounter('apart', { unit: 's' });
    defineGauge('apart', { unit: 'ms' });
    scope({ name: 'other' }).defineCounter('apart', { unit: 'h' });
    expect(warnings).toEqual([]);
  });
});
