import { setReporter } from '@ostinato/core';
import { readBucketOptions } from '../../src/bucket/options.ts';
import { AtomicBucket } from '../../src/index.ts';

const { METRICS_BUFFER_SIZE: before } = process.env;
beforeEach(() => {
  delete process.env.METRICS_BUFFER_SIZE;
});
afterAll(() => {
  if (before !== undefined) process.env.METRICS_BUFFER_SIZE = before;
});

test('the defaults', () => {
  expect(readBucketOptions(undefined)).toEqual({ capacity: 65_536, producers: 64 });
});

test.each([
  [1, 1],
  [2, 2],
  [3, 4],
  [1_000, 1_024],
  [1_025, 2_048],
  [2 ** 24 - 1, 2 ** 24],
  [2 ** 24, 2 ** 24],
])('a capacity of %d becomes the power of two %d', (given, capacity) => {
  expect(readBucketOptions({ capacity: given }).capacity).toBe(capacity);
});

test('METRICS_BUFFER_SIZE is the capacity unless the option is given', () => {
  process.env.METRICS_BUFFER_SIZE = ' 3000 ';
  expect(readBucketOptions({}).capacity).toBe(4_096);
  expect(readBucketOptions({ capacity: 2 }).capacity).toBe(2);
  process.env.METRICS_BUFFER_SIZE = ' ';
  expect(readBucketOptions({}).capacity).toBe(65_536);
});

test('a METRICS_BUFFER_SIZE that is not valid is reported and ignored', () => {
  const texts: string[] = [];
  const restore = setReporter((code, text) => texts.push(`${code}: ${text}`));
  for (const bad of ['0', 'many', '1.5', '16777217']) {
    process.env.METRICS_BUFFER_SIZE = bad;
    expect(readBucketOptions({}).capacity).toBe(65_536);
  }
  setReporter(restore);
  expect(texts).toEqual([
    "OSTINATO_ENVIRONMENT: METRICS_BUFFER_SIZE is ignored: it must be an integer from 1 to 16777216, got '0'.",
  ]);
});

test.each<[unknown, string]>([
  [5, 'the options argument must be an object, got 5'],
  [{ capacity: 0 }, 'capacity must be an integer from 1 to 16777216, got 0'],
  [{ capacity: 2 ** 24 + 1 }, 'capacity must be an integer from 1 to 16777216, got 16777217'],
  [{ capacity: '9' }, "capacity must be an integer from 1 to 16777216, got '9'"],
  [{ producers: 0.5 }, 'producers must be an integer from 1 to 1024, got 0.5'],
  [{ producers: 1_025 }, 'producers must be an integer from 1 to 1024, got 1025'],
  [{ size: 5 }, "there is no option 'size'"],
])('%p is refused', (options, text) => {
  expect(() => new AtomicBucket(options as object)).toThrow(`AtomicBucket: ${text}`);
});

test('memory that the system does not give is an error that says how much it was', () => {
  const { SharedArrayBuffer: Shared } = globalThis;
  Object.assign(globalThis, {
    SharedArrayBuffer: class {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    },
  });
  try {
    expect(() => new AtomicBucket({ capacity: 1_024, producers: 2 })).toThrow(
      'AtomicBucket: a capacity of 1024 for 2 producers takes 25216 bytes, which the system does not give; choose less.',
    );
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: Shared });
  }
});
