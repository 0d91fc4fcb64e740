import { counter, globalRecorder, type Recorder, setGlobalRecorder, UNOPENED } from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { TestRecorder } from './support/recorder.ts';

it('installs one recorder at a time: a second is refused, and carried by the error', () => {
  const first = new TestRecorder();
  const second = new TestRecorder();
  const installation = setGlobalRecorder(first);
  expect(globalRecorder()).toBe(first);
  expect(() => setGlobalRecorder(second)).toThrow(
    expect.objectContaining({ code: 'OSTINATO_RECORDER_ALREADY_INSTALLED', recorder: second }),
  );
  expect(() => setGlobalRecorder(first)).toThrow(/uninstall\(\)/);
  expect(globalRecorder()).toBe(first);
  installation.uninstall();
  expect(globalRecorder()).toBeUndefined();
});

it('an installation takes out its own recorder only, and only once', () => {
  const recorder = new TestRecorder();
  const first = setGlobalRecorder(recorder);
  first.uninstall();
  const second = setGlobalRecorder(recorder);
  first.uninstall();
  first[Symbol.dispose]();
  expect(globalRecorder()).toBe(recorder);
  second[Symbol.dispose]();
  expect(globalRecorder()).toBeUndefined();
  second.uninstall();
});

it('keeps nothing of a recorder that was taken out: its array is many megabytes', () => {
  const { usual } = sharedState();
  const slots = new Float64Array(2);
  const cell = { gate: UNOPENED, slots, index: 0, sink: { increment() {}, absolute() {} } };
  const held = counter('held');
  for (let round = 1; round <= 2; round++) {
    const installation = setGlobalRecorder(Object.assign(new TestRecorder(), { slots, counter: () => cell }));
    expect(usual.slots).toBe(slots);
    held.increment();
    held.increment();
    installation.uninstall();
    expect(usual.slots).toBeUndefined();
    held.increment();
    expect(slots[0]).toBe(2 * round);
  }
});

it.each([
  [undefined, 'got undefined'],
  [null, 'got null'],
  ['recorder', "got 'recorder'"],
  [{}, 'it has no describe(), no counter(), no gauge(), no histogram(), no refused()'],
  [{ ...methods(), gauge: 5 }, 'it has no gauge()'],
  [{ ...methods(), now: 5 }, 'its now is no function'],
  [{ ...methods(), installed: 5 }, 'its installed is no function'],
])('refuses %p as a recorder', (value, problem) => {
  expect(() => setGlobalRecorder(value as Recorder)).toThrow(
    expect.objectContaining({ code: 'OSTINATO_INVALID_RECORDER', message: expect.stringContaining(problem) }),
  );
  expect(globalRecorder()).toBeUndefined();
});

function methods() {
  return { describe() {}, counter() {}, gauge() {}, histogram() {}, refused() {} };
}

it('works for metrics that the recorder itself records while it binds others', () => {
  const recorder = new TestRecorder();
  const { counter: bind } = recorder;
  recorder.counter = (key, meta) => {
    if (key.name !== 'bindings') counter('bindings').increment();
    return bind.call(recorder, key, meta);
  };
  const installation = setGlobalRecorder(recorder);
  counter('a').increment();
  counter('b').increment();
  expect(recorder.value('bindings')).toBe(2);
  expect(recorder.value('a')).toBe(1);
  installation.uninstall();
});

it('tells a recorder that it is installed, and that it is no more, once each', () => {
  const heard: string[] = [];
  const recorder = Object.assign(new TestRecorder(), {
    installed: () => void heard.push(globalRecorder() === recorder ? 'installed' : 'too early'),
    uninstalled: () => void heard.push(globalRecorder() === undefined ? 'uninstalled' : 'too early'),
  });
  const installation = setGlobalRecorder(recorder);
  expect(heard).toEqual(['installed']);
  expect(() => setGlobalRecorder(new TestRecorder())).toThrow();
  installation.uninstall();
  installation.uninstall();
  expect(heard).toEqual(['installed', 'uninstalled']);
});
