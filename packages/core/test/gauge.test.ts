import { gauge, type Installation, setGlobalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();

describe.each([
  ['that permits the fast way', true],
  ['that has sinks only', false],
])('a gauge of a recorder %s', (_, fast) => {
  let recorder: TestRecorder;
  let installation: Installation;
  beforeEach(() => {
    recorder = new TestRecorder({ fast });
    installation = setGlobalRecorder(recorder);
  });
  afterEach(() => installation.uninstall());

  it('takes any finite value', () => {
    const depth = gauge('depth');
    for (const value of [3, -2.5, 0, Number.MAX_VALUE, -Number.MIN_VALUE]) {
      depth.set(value);
      expect(recorder.value('depth')).toBe(value);
    }
  });

  it('counts its writes, so that one set to the same value is not idle', () => {
    const depth = gauge('depth');
    for (let i = 0; i < 3; i++) depth.set(5);
    expect(recorder.writes('depth')).toBe(3);
  });

  it('goes up and down through the sink, which may be shared by threads', () => {
    const open = gauge('open');
    open.increment();
    open.increment(4);
    open.decrement();
    open.decrement(0.5);
    open.increment(-1);
    expect(recorder.value('open')).toBe(2.5);
    expect(recorder.sunk).toBe(5);
  });

  it.each([
    [Number.NaN, 'not_a_number'],
    ['5', 'not_a_number'],
    [Symbol('five'), 'not_a_number'],
    [Number.POSITIVE_INFINITY, 'not_finite'],
    [Number.NEGATIVE_INFINITY, 'not_finite'],
  ])('refuses and counts %p: %s', (value, reason) => {
    const depth = gauge('depth');
    depth.set(1);
    depth.set(value as number);
    depth.increment(value as number);
    depth.decrement(value as number);
    expect(recorder.value('depth')).toBe(1);
    expect(recorder.refusals).toEqual(Array(3).fill(`gauge ${reason}`));
  });
});
