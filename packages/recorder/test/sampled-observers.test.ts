import { EventEmitter } from 'node:events';
import { ManualClock } from '@ostinato/testing';
import { createRecorder } from '../src/recorder.ts';
import { SampledObservers } from '../src/sampled-observers.ts';
import { makeKey, readAll } from './support/series.ts';

function setUp() {
  const clock = new ManualClock();
  const process = new EventEmitter();
  const recorder = createRecorder({ maxMemory: 1024 * 1024 });
  const { setInterval, clearInterval } = clock;
  const observers = new SampledObservers(recorder, {
    setInterval,
    clearInterval: (timer) => clearInterval(timer as never),
    process,
  });
  const reader = recorder.reader();
  const values = () => readAll(reader.collect()).map(({ name, value }) => [name, value]);
  return { clock, process, observers, values };
}

test('callbacks are called once a second, and what they gave is found without asking them', async () => {
  const { clock, observers, values } = setUp();
  let calls = 0;
  observers.add('counter', makeKey('calls'), {}, () => ++calls);
  expect(values()).toEqual([]);
  for (const expected of [1, 2, 3]) {
    await clock.advance(1000);
    expect(values()).toEqual([['calls', expected]]);
    expect(calls).toBe(expected);
  }
});

test('and when the thread ends', () => {
  const { process, observers, values } = setUp();
  observers.add('gauge', makeKey('last'), {}, () => 7);
  process.emit('exit');
  expect(values()).toEqual([['last', 7]]);
});

test('when the last one is ended, nothing is left; it begins anew with the next', async () => {
  const { clock, process, observers, values } = setUp();
  for (let round = 1; round <= 2; round++) {
    const ends = ['a', 'b'].map((name) => observers.add('gauge', makeKey(name), {}, () => round));
    expect([clock.pending, process.listenerCount('exit')]).toEqual([1, 1]);
    await clock.advance(1000);
    ends[0]?.();
    expect([clock.pending, process.listenerCount('exit')]).toEqual([1, 1]);
    for (const end of ends) end();
    expect([clock.pending, process.listenerCount('exit')]).toEqual([0, 0]);
    expect(values()).toEqual([
      ['a', round],
      ['b', round],
    ]);
  }
});
