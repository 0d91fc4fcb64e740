import {
  defineHistogram,
  describeHistogram,
  histogram,
  type Installation,
  setGlobalRecorder,
} from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
let clock = 0;
let recorder: TestRecorder;
let installation: Installation;
beforeEach(() => {
  recorder = new TestRecorder();
  recorder.now = () => clock;
  installation = setGlobalRecorder(recorder);
});
afterEach(() => installation.uninstall());

it.each([
  ['ns', 1_500_000_000],
  ['us', 1_500_000],
  ['ms', 1_500],
  ['s', 1.5],
  ['min', 0.025],
  ['h', 1.5 / 3_600],
  ['d', 1.5 / 86_400],
  [undefined, 1.5],
])("1.5 seconds are recorded in the metric's unit %p as %p", (unit, expected) => {
  const timed = defineHistogram(`timed.${unit}`, unit === undefined ? {} : { unit });
  const timer = timed.startTimer();
  clock += 1_500;
  expect(timer.stop()).toBe(expected);
  expect(recorder.samples(`timed.${unit}`)).toEqual([expected]);
});

it('a second stop records nothing and returns the first result', () => {
  const timer = histogram('twice').startTimer();
  clock += 1_000;
  expect(timer.stop()).toBe(1);
  clock += 1_000;
  expect(timer.stop()).toBe(1);
  timer[Symbol.dispose]();
  expect(recorder.samples('twice')).toEqual([1]);
});

it('stops when it is disposed of', () => {
  const timer = histogram('disposed').startTimer();
  clock += 2_000;
  timer[Symbol.dispose]();
  expect(recorder.samples('disposed')).toEqual([2]);
});

it('refuses to record time in a unit that is none, and returns seconds', () => {
  const timer = defineHistogram('bytes', { unit: 'By' }).startTimer();
  clock += 3_000;
  expect(timer.stop()).toBe(3);
  expect(timer.stop()).toBe(3);
  expect(recorder.samples('bytes')).toEqual([]);
  expect(recorder.refusals).toEqual(['histogram not_a_time_unit']);
  expect(warnings).toEqual([
    {
      code: 'OSTINATO_NOT_A_TIME_UNIT',
      text: "histogram 'bytes': stop() recorded nothing: the metric's unit 'By' is none of ns, us, ms, s, min, h, d.",
    },
  ]);
});

it('reads the clock of the recorder in effect at the start at both ends, and records to the one at the stop', () => {
  const timer = histogram('moved').startTimer();
  installation.uninstall();
  const next = new TestRecorder();
  next.now = () => 1e9;
  installation = setGlobalRecorder(next);
  clock += 4_000;
  expect(timer.stop()).toBe(4);
  expect(recorder.samples('moved')).toEqual([]);
  expect(next.samples('moved')).toEqual([4]);
});

it('a clock that goes back gives 0', () => {
  const timer = histogram('back').startTimer();
  clock -= 1_000;
  expect(timer.stop()).toBe(0);
  expect(recorder.samples('back')).toEqual([0]);
});

it('takes performance.now where the recorder has no clock, and without a recorder', () => {
  installation.uninstall();
  const now = jest.spyOn(performance, 'now').mockReturnValueOnce(500).mockReturnValueOnce(1_250);
  expect(histogram('plain').startTimer().stop()).toBe(0.75);
  now.mockRestore();
});

describe('time', () => {
  it('measures a call and gives what it returned', () => {
    const result = histogram('sync').time(() => {
      clock += 1_000;
      return 'done';
    });
    expect(result).toBe('done');
    expect(recorder.samples('sync')).toEqual([1]);
  });

  it('measures a call that throws, and throws the same', () => {
    const error = new Error('no');
    expect(() =>
      histogram('throws').time(() => {
        clock += 1_000;
        throw error;
      }),
    ).toThrow(error);
    expect(recorder.samples('throws')).toEqual([1]);
  });

  it('measures up to the settling of a promise', async () => {
    let resolve: (value: string) => void = () => {};
    const promise = histogram('async').time(() => new Promise<string>((done) => (resolve = done)));
    clock += 1_000;
    expect(recorder.samples('async')).toEqual([]);
    resolve('later');
    await expect(promise).resolves.toBe('later');
    expect(recorder.samples('async')).toEqual([1]);
  });

  it('measures a promise that rejects, and rejects with the same', async () => {
    const error = new Error('no');
    const promise = histogram('rejects').time(async () => {
      clock += 1_000;
      throw error;
    });
    await expect(promise).rejects.toBe(error);
    expect(recorder.samples('rejects')).toEqual([1]);
  });

  it('runs a lazy thenable once', async () => {
    const query = {
      runs: 0,
      // biome-ignore lint/suspicious/noThenProperty: what a query builder is
      then<R>(done: (rows: number) => R): Promise<R> {
        this.runs += 1;
        clock += 1_000;
        return Promise.resolve(done(42));
      },
    };
    const rows = await histogram('lazy').time(() => query as unknown as PromiseLike<number>);
    expect(rows).toBe(42);
    expect(query.runs).toBe(1);
    expect(recorder.samples('lazy')).toEqual([1]);
  });

  it('measures a thenable whose then throws, and rejects', async () => {
    const error = new Error('no');
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: a broken one
      then() {
        throw error;
      },
    };
    await expect(histogram('broken').time(() => thenable as never)).rejects.toBe(error);
    expect(recorder.samples('broken')).toHaveLength(1);
  });

  it('leaves a value whose then cannot be read to the caller', () => {
    const value = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('no');
      },
    });
    expect(histogram('unreadable').time<object>(() => value)).toBe(value);
    expect(recorder.samples('unreadable')).toHaveLength(1);
  });
});

it('a timer of a histogram defined with an empty unit, which is none, measures seconds', () => {
  const latency = defineHistogram('unit.empty', { unit: '', description: '' });
  const timer = latency.startTimer();
  clock += 2_000;
  expect(timer.stop()).toBe(2);
  describeHistogram('unit.empty', { unit: 'ms', description: 'how long' });
  latency.startTimer().stop();
  expect(recorder.samples('unit.empty')).toEqual([2, 0]);
  expect(warnings).toEqual([]);
});
