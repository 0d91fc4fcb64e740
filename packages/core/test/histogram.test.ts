import { histogram, type Installation, setGlobalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();

describe.each([
  ['that permits the fast way', true],
  ['that has sinks only', false],
])('a histogram of a recorder %s', (_, fast) => {
  let recorder: TestRecorder;
  let installation: Installation;
  beforeEach(() => {
    recorder = new TestRecorder({ fast });
    installation = setGlobalRecorder(recorder);
  });
  afterEach(() => installation.uninstall());

  it('records finite samples from 0 on', () => {
    const size = histogram('size');
    for (const sample of [0, 1.5, Number.MIN_VALUE, Number.MAX_VALUE]) size.record(sample);
    expect(recorder.samples('size')).toEqual([0, 1.5, Number.MIN_VALUE, Number.MAX_VALUE]);
  });

  it('records many of one value in one operation', () => {
    histogram('size').recordMany(2, 3);
    expect(recorder.samples('size')).toEqual([2, 2, 2]);
    expect(recorder.sunk).toBe(1);
  });

  it('records nothing for a count of 0, and refuses nothing', () => {
    histogram('size').recordMany(2, 0);
    expect(recorder.sunk).toBe(0);
    expect(recorder.refusals).toEqual([]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '3', 3n, undefined])(
    'refuses a count of %p',
    (count) => {
      histogram('size').recordMany(2, count as number);
      expect(recorder.samples('size')).toEqual([]);
      expect(recorder.refusals).toEqual(['histogram invalid_count']);
    },
  );

  it.each([
    [Number.NaN, 'not_a_number'],
    [{}, 'not_a_number'],
    [Number.POSITIVE_INFINITY, 'not_finite'],
    [-0.001, 'negative'],
  ])('refuses and counts %p: %s', (sample, reason) => {
    const size = histogram('size');
    size.record(1);
    size.record(sample as number);
    size.recordMany(sample as number, 2);
    size.recordMany(sample as number, 0);
    expect(recorder.samples('size')).toEqual([1]);
    expect(recorder.refusals).toEqual(Array(3).fill(`histogram ${reason}`));
  });
});
