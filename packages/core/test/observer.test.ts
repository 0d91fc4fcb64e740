import { type Observation, observeCounter, observeGauge, setGlobalRecorder } from '../src/index.ts';
import { ObservingRecorder } from './support/observing-recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const warnings = collectWarnings();
const cleanUp: (() => void)[] = [];
let recorder: ObservingRecorder;
let now: number;
beforeEach(() => {
  now = 0;
  recorder = new ObservingRecorder();
  recorder.now = () => now;
  const installation = setGlobalRecorder(recorder);
  cleanUp.push(() => installation.uninstall());
});
afterEach(() => {
  for (const step of cleanUp.splice(0).reverse()) step();
});

function observe(kind: 'counter' | 'gauge', name: string, read: () => unknown): void {
  const call = kind === 'gauge' ? observeGauge : observeCounter;
  const observation: Observation = call(name, read as () => number);
  cleanUp.push(() => observation.stop());
}

const values = () => recorder.look().map(([, value]) => value);
const boom = () => {
  throw new Error('pool\nis closed');
};

it.each([
  ['throws', boom, 'callback', "the callback threw 'pool\ufffdis closed'"],
  [
    'throws what is no error',
    () => {
      throw undefined;
    },
    'callback',
    'the callback threw undefined',
  ],
  [
    'throws what throws',
    () => {
      throw new Proxy({}, { get: boom });
    },
    'callback',
    'the callback threw an object',
  ],
  ['returns nothing', () => {}, 'not_a_number', 'the callback returned undefined: it is not a number'],
  ['returns text', () => '5', 'not_a_number', "the callback returned '5': it is not a number"],
  ['returns a bigint', () => 5n, 'not_a_number', 'the callback returned a bigint'],
  ['returns NaN', () => Number.NaN, 'not_a_number', 'the callback returned NaN'],
  ['returns Infinity', () => Infinity, 'not_finite', 'the callback returned Infinity: it is not finite'],
  ['returns a promise', async () => 5, 'not_a_number', 'the callback returned an object: it is not a number'],
  ['returns what throws', () => new Proxy({}, { get: boom }), 'callback', 'the callback threw'],
])(
  'a callback that %s records nothing, is counted each time and said once; others are read',
  (title, bad, reason, text) => {
    const name = title.replaceAll(' ', '.');
    observe('gauge', 'before', () => 1);
    observe('gauge', name, bad);
    observe('gauge', 'after', () => 2);
    expect(values()).toEqual([1, undefined, 2]);
    expect(values()).toEqual([1, undefined, 2]);
    expect(recorder.refusals).toEqual([`gauge ${reason}`, `gauge ${reason}`]);
    expect(warnings).toEqual([
      {
        code: `OSTINATO_${reason.toUpperCase()}`,
        text: expect.stringContaining(`observed gauge '${name}': ${text}`),
      },
    ]);
  },
);

it('a promise that fails does not end the process', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  observe('gauge', 'async', async () => boom());
  expect(values()).toEqual([undefined]);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  expect(recorder.refusals).toEqual(['gauge not_a_number']);
});

it('a counter takes no negative total, a gauge any finite one', () => {
  observe('counter', 'negative.counter', () => -1);
  observe('gauge', 'negative.gauge', () => -1);
  expect(values()).toEqual([undefined, -1]);
  expect(recorder.refusals).toEqual(['counter negative']);
});

it('a total that goes down is said once', () => {
  let total = 5;
  observe('counter', 'total', () => total);
  observe('gauge', 'value', () => total);
  for (total of [5, 3, 4, 2]) values();
  expect(recorder.refusals).toEqual([]);
  expect(warnings.map(({ code, text }) => [code, text.slice(0, 24)])).toEqual([
    ['OSTINATO_TOTAL_WENT_DOWN', "observed counter 'total'"],
  ]);
});

it('a callback that takes long is said once, and called so seldom that it takes a tenth of the time at most', () => {
  let calls = 0;
  observe('gauge', 'slow', () => {
    now += 300;
    return ++calls;
  });
  observe('gauge', 'swift', () => {
    now += 100;
    return 7;
  });
  expect(values()).toEqual([1, 7]);
  expect(warnings).toEqual([
    {
      code: 'OSTINATO_SLOW_CALLBACK',
      text: expect.stringContaining("observed gauge 'slow': the callback took 300 ms."),
    },
  ]);
  now = 3_299;
  expect(values()).toEqual([undefined, 7]);
  now = 3_300;
  expect(values()).toEqual([2, 7]);
  expect(values()).toEqual([undefined, 7]);
  expect(recorder.refusals).toEqual([]);
  expect(warnings).toHaveLength(1);
});

it('a callback that throws after long rests too', () => {
  let calls = 0;
  observe('gauge', 'slow.and.bad', () => {
    calls += 1;
    now += 101;
    boom();
  });
  values();
  values();
  expect(calls).toBe(1);
  expect(warnings.map(({ code }) => code).sort()).toEqual(['OSTINATO_CALLBACK', 'OSTINATO_SLOW_CALLBACK']);
});

it('the clock is performance.now where the recorder has none', () => {
  delete recorder.now;
  observe('gauge', 'clockless', () => 3);
  expect(values()).toEqual([3]);
});
