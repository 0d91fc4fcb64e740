import { CACHED_LABEL_SETS } from '../src/budget.ts';
import { counter, defineCounter, scope, setGlobalRecorder } from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { TestRecorder } from './support/recorder.ts';

const { cache } = sharedState();

it('keeps no label set that would take the room of many', () => {
  const long = 'x'.repeat(10_000);
  expect(counter('long', { long })).not.toBe(counter('long', { long }));
  const deep = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`label${i}`, i]));
  expect(counter('deep', deep)).not.toBe(counter('deep', deep));
  expect(cache.weight).toBe(0);
});

it('keeps a bounded number of label sets in all; handles beyond it work and bind late', () => {
  const family = defineCounter('family', { labels: ['i'] });
  const scoped = scope({ name: 'scoped' });
  const known = counter('free', { i: 0 });
  for (let i = 0; i < CACHED_LABEL_SETS; i++) {
    counter('free', { i });
    family.labels(i);
    scoped.gauge('gauge', { i });
    counter(`name${i}`);
  }
  expect(cache.entries).toBe(CACHED_LABEL_SETS);
  expect(counter('free', { i: 0 })).toBe(known);

  const last = CACHED_LABEL_SETS - 1;
  const late = counter('free', { i: last });
  const lateOfFamily = family.labels(last);
  expect(counter('free', { i: last })).not.toBe(late);
  expect(family.with({ i: last })).not.toBe(lateOfFamily);
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  late.increment();
  counter('free', { i: last }).increment();
  lateOfFamily.increment();
  defineCounter('late.definition').increment();
  expect(recorder.value(`free{i=${last}}`)).toBe(2);
  expect(recorder.value(`family{i=${last}}`)).toBe(1);
  expect(recorder.value('late.definition')).toBe(1);
  installation.uninstall();
});

it('keeps a bounded number of scopes; those beyond it work', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  for (let i = 0; i < 3_000; i++)
    scope({ name: `scope${i}` })
      .counter('c')
      .increment();
  expect(sharedState().scopes.size).toBeLessThanOrEqual(1_000);
  expect(scope({ name: 'scope2999' })).not.toBe(scope({ name: 'scope2999' }));
  expect(scope({ name: 'scope1' })).toBe(scope({ name: 'scope1' }));
  expect(recorder.value('scope2999/c')).toBe(1);
  installation.uninstall();
});
