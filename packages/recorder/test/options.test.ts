import { readSettings } from '../src/options.ts';
import { createRecorder } from '../src/recorder.ts';

const error = (make: () => unknown): { code?: string; message?: string } => {
  try {
    make();
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string };
    return { code, message };
  }
  return {};
};

test('the defaults', () => {
  expect(readSettings(undefined)).toMatchObject({
    limits: { perMetric: 2_000, total: 10_000 },
    maxMemory: 64 * 1024 * 1024,
    buckets: new Map(),
  });
});

test('a cardinality that is a number is that per metric', () => {
  expect(readSettings({ cardinality: 7 }).limits).toEqual({ perMetric: 7, total: 10_000 });
  expect(readSettings({ cardinality: { total: 7 } }).limits).toEqual({ perMetric: 2_000, total: 7 });
});

test("buckets are copied: changing the caller's array changes nothing", () => {
  const bounds = [1, 2];
  const { buckets } = readSettings({ buckets: { h: bounds } });
  bounds[0] = 9;
  expect(buckets.get('h')).toEqual([1, 2]);
});

test.each<[string, unknown, string]>([
  ['no object', 5, 'the options argument is 5, but must be an object'],
  ['an array', [], 'the options argument is [], but must be an object'],
  [
    'an unknown option',
    { maxMem: 1 },
    "the options argument has no member 'maxMem'; allowed are 'buckets', 'cardinality', 'maxMemory', 'clock'",
  ],
  [
    'too little memory',
    { maxMemory: 1000 },
    'maxMemory is 1000, but must be an integer from 1048576 to 2147483648',
  ],
  [
    'memory as text',
    { maxMemory: '64m' },
    "maxMemory is '64m', but must be an integer from 1048576 to 2147483648",
  ],
  ['no series', { cardinality: 0 }, 'cardinality is 0, but must be an integer from 1 to 1000000'],
  [
    'half a series',
    { cardinality: { total: 1.5 } },
    'cardinality.total is 1.5, but must be an integer from 1 to 1000000',
  ],
  [
    'no limit',
    { cardinality: { perMetric: Infinity } },
    'cardinality.perMetric is Infinity, but must be an integer',
  ],
  [
    'an unknown limit',
    { cardinality: { max: 5 } },
    "cardinality has no member 'max'; allowed are 'perMetric', 'total'",
  ],
  [
    'buckets in disorder',
    { buckets: { h: [1, 5, 2] } },
    "buckets['h'] is [1, 5, 2], but must be an array of finite",
  ],
  ['equal buckets', { buckets: { h: [1, 1] } }, "buckets['h'] is [1, 1], but must be"],
  ['endless buckets', { buckets: { h: [1, Infinity] } }, "buckets['h'] is [1, Infinity], but must be"],
  [
    'buckets with a hole',
    { buckets: { h: Object.assign(new Array(3), { 0: 1, 2: 5 }) } },
    "buckets['h'] is [1, undefined, 5], but must be",
  ],
  ['buckets as text', { buckets: { h: 'log' } }, "buckets['h'] is 'log', but must be"],
  ['buckets for all', { buckets: [1, 2] }, 'buckets is [1, 2], but must be an object'],
  [
    'half a clock',
    { clock: { now: () => 0 } },
    'clock is an object, but must be an object with the functions now() and',
  ],
  ['a symbol', { maxMemory: Symbol('much') }, 'maxMemory is Symbol(much), but must be an integer'],
])('%s: the error says what was given and what is allowed', (_, options, expected) => {
  const { code, message } = error(() => createRecorder(options as never));
  expect(code).toBe('OSTINATO_INVALID_OPTION');
  expect(message).toContain(`recorder: ${expected}`);
});

test("a reader's temporality is checked too", () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024 });
  expect(error(() => recorder.reader({ temporality: 'Delta' as never }))).toEqual({
    code: 'OSTINATO_INVALID_OPTION',
    message:
      "recorder: reader()'s temporality is 'Delta', but must be one of 'cumulative', 'delta', 'lowmemory'.",
  });
  expect(error(() => recorder.reader({ interval: 5 } as never)).message).toContain(
    "has no member 'interval'",
  );
});
