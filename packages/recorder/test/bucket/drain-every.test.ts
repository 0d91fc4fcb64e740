import { setReporter } from '@ostinato/core';
import { AtomicBucket } from '../../src/index.ts';

const codes: string[] = [];
let restore = setReporter(() => {});
beforeEach(() => {
  codes.length = 0;
  restore = setReporter((code) => codes.push(code));
  jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
});
afterEach(() => {
  setReporter(restore);
  jest.useRealTimers();
});

test('drains at the interval, 100 ms unless told otherwise', () => {
  const seen: number[] = [];
  const bucket = new AtomicBucket();
  const draining = bucket.drainEvery((value) => seen.push(value));
  bucket.push(1);
  jest.advanceTimersByTime(99);
  expect(seen).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(seen).toEqual([1]);
  draining.stop();
  bucket.drainEvery((value) => seen.push(value), 5);
  bucket.push(2);
  jest.advanceTimersByTime(5);
  expect(seen).toEqual([1, 2]);
});

test('drains in a microtask when its own ring is half full, every time', async () => {
  let seen = 0;
  const bucket = new AtomicBucket({ capacity: 8 });
  bucket.drainEvery(() => seen++);
  for (let round = 1; round <= 5; round++) {
    for (let i = 0; i < 4; i++) bucket.push(i);
    await Promise.resolve();
    expect(seen).toBe(9 * (round - 1));
    for (let i = 0; i < 4; i++) bucket.push(i);
    await Promise.resolve();
    expect(seen).toBe(9 * (round - 1) + 8);
    bucket.push(8);
    jest.advanceTimersByTime(100);
    expect(seen).toBe(9 * round);
  }
  expect(bucket.dropped).toBe(0);
});

test('one microtask is enough, however much is pushed before it runs', async () => {
  const queue = jest.spyOn(globalThis, 'queueMicrotask');
  const bucket = new AtomicBucket({ capacity: 8 });
  bucket.drainEvery(() => {});
  for (let i = 0; i < 20; i++) bucket.push(i);
  expect(queue).toHaveBeenCalledTimes(1);
  queue.mockRestore();
});

test('a ring that was half full when the draining began is drained at the next push', async () => {
  let seen = 0;
  const bucket = new AtomicBucket({ capacity: 8 });
  for (let i = 0; i < 6; i++) bucket.push(i);
  bucket.drainEvery(() => seen++);
  bucket.push(6);
  await Promise.resolve();
  expect(seen).toBe(7);
});

test('an error of the consumer is reported once and costs no other sample', () => {
  const seen: number[] = [];
  const bucket = new AtomicBucket();
  bucket.drainEvery((value) => {
    seen.push(value);
    if (value % 2 === 0) throw value === 0 ? undefined : new Error('even');
  });
  for (let i = 0; i < 5; i++) bucket.push(i);
  jest.advanceTimersByTime(100);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect(codes).toEqual(['OSTINATO_BUCKET_CONSUMER_FAILED']);
});

test('stop drains once more, and then no more', async () => {
  let seen = 0;
  const bucket = new AtomicBucket({ capacity: 4 });
  {
    using _draining = bucket.drainEvery(() => seen++);
    for (let i = 0; i < 4; i++) bucket.push(i);
  }
  expect(seen).toBe(4);
  expect(jest.getTimerCount()).toBe(0);
  for (let i = 0; i < 4; i++) bucket.push(i);
  await Promise.resolve();
  expect(seen).toBe(4);
});

test('close stops it, and a consumer may call it', () => {
  const seen: number[] = [];
  const bucket = new AtomicBucket();
  bucket.drainEvery((value) => {
    seen.push(value);
    bucket.close();
  });
  for (let i = 0; i < 3; i++) bucket.push(i);
  jest.advanceTimersByTime(100);
  expect(seen).toEqual([0, 1, 2]);
  expect(jest.getTimerCount()).toBe(0);
  expect(codes).toEqual([]);
});

test('is under way once at a time', () => {
  const bucket = new AtomicBucket();
  const draining = bucket.drainEvery(() => {});
  expect(() => bucket.drainEvery(() => {})).toThrow('drainEvery is under way');
  draining.stop();
  bucket.drainEvery(() => {}).stop();
});

test.each<[unknown, unknown, string]>([
  [undefined, 100, 'drainEvery: consume must be a function of value and series, got undefined'],
  [() => {}, 0, 'drainEvery: millis must be a number from 1 to 2147483647, got 0'],
  [() => {}, 2 ** 31, 'drainEvery: millis must be a number from 1 to 2147483647, got 2147483648'],
  [() => {}, '5', "drainEvery: millis must be a number from 1 to 2147483647, got '5'"],
])('refuses (%p, %p)', (consume, millis, text) => {
  const bucket = new AtomicBucket();
  expect(() => bucket.drainEvery(consume as () => void, millis as number)).toThrow(text);
  expect(jest.getTimerCount()).toBe(0);
});
