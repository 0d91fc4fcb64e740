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
  expect(readSettings({ cardinality: 7 }).limits).toEqual({
    perMetric: 7,
    total: 10_000,
    doorkeeper: false,
    evict: 'none',
  });
  expect(
    readSettings({ cardinality: { total: 7, doorkeeper: true, evict: 'leastRecentlyUpdated' } }).limits,
  ).toEqual({
    perMetric: 2_000,
    total: 7,
    doorkeeper: true,
    evict: 'leastRecentlyUpdated',
  });
});

test('an idle timeout is for all kinds, or by kind', () => {
  expect(readSettings({ idleTimeout: 5 })).toMatchObject({
    idleTimeout: { counter: 5, gauge: 5, histogram: 5 },
    expires: true,
  });
  expect(readSettings({ idleTimeout: { gauge: 7 } })).toMatchObject({
    idleTimeout: { counter: Infinity, gauge: 7, histogram: Infinity },
    expires: true,
  });
  expect(readSettings({})).toMatchObject({ expires: false });
  expect(readSettings({ cardinality: { evict: 'leastRecentlyUpdated' } })).toMatchObject({ expires: true });
});

test("buckets are copied: changing the caller's array changes nothing", () => {
  const bounds = [1, 2];
  const { buckets } = readSettings({ buckets: { h: bounds } });
  bounds[0] = 9;
  expect(buckets.get('h')).toEqual([1, 2]);
});

test.each<[string, unknown, string]>([
  ['no object', 5, 'the options argument must be an object, got 5'],
  ['an array', [], 'the options argument must be an object, got []'],
  [
    'an unknown option',
    { maxMem: 1 },
    "there is no option 'maxMem'; did you mean 'maxMemory'? (known: layers, buckets, cardinality, idleTimeout, maxMemory, exemplars, clock, random)",
  ],
  [
    'too little memory',
    { maxMemory: 1000 },
    'maxMemory must be an integer from 1048576 to 2147483648, got 1000',
  ],
  [
    'memory as text',
    { maxMemory: '64m' },
    "maxMemory must be an integer from 1048576 to 2147483648, got '64m'",
  ],
  ['no series', { cardinality: 0 }, 'cardinality must be an integer from 1 to 1000000, got 0'],
  [
    'half a series',
    { cardinality: { total: 1.5 } },
    'cardinality.total must be an integer from 1 to 1000000, got 1.5',
  ],
  ['no time', { idleTimeout: 0 }, 'idleTimeout must be a number from 1 to 2147483647, got 0'],
  [
    'a time for another kind',
    { idleTimeout: { summary: 1 } },
    "there is no option 'idleTimeout.summary' (known: counter, gauge, histogram)",
  ],
  [
    'another eviction',
    { cardinality: { evict: 'random' } },
    "cardinality.evict must be one of 'none', 'leastRecentlyUpdated', got 'random'",
  ],
  [
    'a doorkeeper by name',
    { cardinality: { doorkeeper: 'bloom' } },
    "cardinality.doorkeeper must be one of true, false, got 'bloom'",
  ],
  [
    'no limit',
    { cardinality: { perMetric: Infinity } },
    'cardinality.perMetric must be an integer from 1 to 1000000, got Infinity',
  ],
  [
    'an unknown limit',
    { cardinality: { max: 5 } },
    "there is no option 'cardinality.max' (known: perMetric, total, doorkeeper, evict)",
  ],
  [
    'buckets in disorder',
    { buckets: { h: [1, 5, 2] } },
    `buckets["h"] must be an array of finite numbers, each greater than the one before, or 'exponential', got [1, 5, 2]`,
  ],
  ['equal buckets', { buckets: { h: [1, 1] } }, 'buckets["h"] must be an array of finite numbers'],
  ['endless buckets', { buckets: { h: [1, Infinity] } }, 'buckets["h"] must be an array of finite numbers'],
  [
    'buckets with a hole',
    { buckets: { h: Object.assign(new Array(3), { 0: 1, 2: 5 }) } },
    `buckets["h"] must be an array of finite numbers, each greater than the one before, or 'exponential', got [1, undefined, 5]`,
  ],
  ['buckets as text', { buckets: { h: 'log' } }, 'buckets["h"] must be an array of finite numbers'],
  ['buckets for all', { buckets: [1, 2] }, 'buckets must be an object, got [1, 2]'],
  [
    'half a clock',
    { clock: { now: () => 0 } },
    'clock must be an object with the functions now() and epochNanos()',
  ],
  [
    'another exemplar filter',
    { exemplars: 'TraceBased' },
    "exemplars must be one of 'trace_based', 'always_on', 'always_off', got 'TraceBased'",
  ],
  [
    'a random number',
    { random: 0.5 },
    'random must be a function that returns a number of at least 0 and below 1, got 0.5',
  ],
  [
    'a symbol',
    { maxMemory: Symbol('much') },
    'maxMemory must be an integer from 1048576 to 2147483648, got Symbol(much)',
  ],
])('%s: the error says what was given and what is allowed', (_, options, expected) => {
  const { code, message } = error(() => createRecorder(options as never));
  expect(code).toBe('OSTINATO_INVALID_OPTION');
  expect(message).toContain(`createRecorder: ${expected}`);
});

test("a reader's temporality is checked too", () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024 });
  expect(error(() => recorder.reader({ temporality: 'Delta' as never }))).toEqual({
    code: 'OSTINATO_INVALID_OPTION',
    message: "recorder.reader: temporality must be one of 'cumulative', 'delta', 'lowmemory', got 'Delta'",
  });
  expect(error(() => recorder.reader({ interval: 5 } as never)).message).toContain(
    "there is no option 'interval'",
  );
});
