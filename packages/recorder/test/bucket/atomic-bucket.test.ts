import { setReporter } from '@ostinato/core';
import fc from 'fast-check';
import { BUCKET_HEAD_WORDS, RING_HEAD, RING_NEXT, RING_TAIL } from '../../src/arena/layout.ts';
import { AtomicBucket } from '../../src/index.ts';

type Sample = readonly [value: number, series: number];

const warnings: { code: string; text: string }[] = [];
let restore = setReporter(() => {});
beforeEach(() => {
  warnings.length = 0;
  restore = setReporter((code, text) => warnings.push({ code, text }));
});
afterEach(() => {
  setReporter(restore);
});

function drained(bucket: AtomicBucket): Sample[] {
  const samples: Sample[] = [];
  expect(bucket.drain((value, series) => samples.push([value, series]))).toBe(samples.length);
  return samples;
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** A bucket whose first ring has seen so many samples already. */
function bucketAt(position: number, capacity: number): AtomicBucket {
  const bucket = new AtomicBucket({ capacity });
  const words = new Int32Array(bucket.share());
  for (const word of [RING_HEAD, RING_TAIL, RING_NEXT]) words[BUCKET_HEAD_WORDS + word] = position;
  return bucket;
}

test('samples are drained in the order of their pushes, once', () => {
  const bucket = new AtomicBucket();
  expect([bucket.push(1.5), bucket.push(-0, 7), bucket.push(NaN, 2 ** 32 - 1)]).toEqual([true, true, true]);
  expect(drained(bucket)).toEqual([
    [1.5, 0],
    [-0, 7],
    [NaN, 2 ** 32 - 1],
  ]);
  expect(drained(bucket)).toEqual([]);
  expect(bucket.dropped).toBe(0);
});

test('whatever is pushed and drained, also over the end of the ring and of its 32-bit positions, none is lost or comes twice', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ drain: fc.constant(true) }),
    fc.record({ throwAt: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ close: fc.constant(true) }),
  );
  const starts = fc.constantFrom(0, 5, 2 ** 31 - 3, -3);
  const capacities = fc.constantFrom(1, 2, 8, 16);
  fc.assert(
    fc.property(starts, capacities, fc.array(step, { maxLength: 40 }), (start, capacity, steps) => {
      const bucket = bucketAt(start, capacity);
      const waiting: Sample[] = [];
      let pushed = 0;
      let dropped = 0;
      for (const one of steps) {
        if ('push' in one) {
          for (let i = 0; i < one.push; i++) {
            const kept = bucket.push(pushed, pushed % 3);
            expect(kept).toBe(waiting.length < capacity);
            if (kept) waiting.push([pushed, pushed % 3]);
            else dropped++;
            pushed++;
          }
        } else if ('drain' in one) {
          expect(drained(bucket)).toEqual(waiting.splice(0));
        } else if ('throwAt' in one) {
          const seen: Sample[] = [];
          const drain = () =>
            bucket.drain((value, series) => {
              seen.push([value, series]);
              if (seen.length > one.throwAt) throw new Error('enough');
            });
          if (waiting.length > one.throwAt) expect(drain).toThrow('enough');
          else drain();
          expect(seen).toEqual(waiting.splice(0, one.throwAt + 1));
        } else {
          bucket.close();
        }
        expect(bucket.dropped).toBe(dropped);
      }
      expect(drained(bucket)).toEqual(waiting);
    }),
  );
});

test('what does not fit is counted, and reported once', () => {
  const bucket = new AtomicBucket({ capacity: 4 });
  for (let i = 0; i < 10; i++) bucket.push(i);
  expect(bucket.dropped).toBe(6);
  expect(drained(bucket).map(([value]) => value)).toEqual([0, 1, 2, 3]);
  for (let i = 0; i < 10; i++) bucket.push(i);
  expect(bucket.dropped).toBe(12);
  expect(warnings).toEqual([
    {
      code: 'OSTINATO_BUCKET_FULL',
      text: 'AtomicBucket: samples are dropped, since 4 of one thread wait to be drained. Drain more often, or raise the option capacity (METRICS_BUFFER_SIZE).',
    },
  ]);
});

test('of all threads that share a bucket, one reports', () => {
  const first = new AtomicBucket({ capacity: 1 });
  for (const bucket of [first, AtomicBucket.attach(first.share())]) {
    for (let i = 0; i < 3; i++) bucket.push(i);
  }
  expect(first.dropped).toBe(4);
  expect(warnings).toHaveLength(1);
});

test('each bucket reports its own drops', () => {
  for (const bucket of [new AtomicBucket({ capacity: 1 }), new AtomicBucket({ capacity: 1 })]) {
    for (let i = 0; i < 3; i++) bucket.push(i);
  }
  expect(warnings.map(({ code }) => code)).toEqual(['OSTINATO_BUCKET_FULL', 'OSTINATO_BUCKET_FULL']);
});

test.each<[unknown, unknown]>([
  ['5', 0],
  [undefined, 0],
  [5n, 0],
  [Symbol('five'), 0],
  [{ valueOf: () => 5 }, 0],
  [5, -1],
  [5, 1.5],
  [5, 2 ** 32],
  [5, NaN],
  [5, '1'],
  [5, 1n],
  [5, null],
])('push(%p, %p) is refused: counted and reported, and nothing is thrown', (value, series) => {
  const bucket = new AtomicBucket();
  expect(bucket.push(value as number, series as number)).toBe(false);
  bucket.push(1);
  expect(bucket.push(value as number, series as number)).toBe(false);
  expect(bucket.dropped).toBe(2);
  expect(drained(bucket)).toEqual([[1, 0]]);
  expect(warnings.map(({ code }) => code)).toEqual(['OSTINATO_NOT_A_NUMBER']);
});

test('what the consumer pushes is there for the next drain', () => {
  const bucket = new AtomicBucket({ capacity: 2 });
  bucket.push(1);
  expect(bucket.drain((value) => bucket.push(value + 1))).toBe(1);
  expect(drained(bucket)).toEqual([[2, 0]]);
});

test('a consumer cannot drain, but the drain goes on', () => {
  const bucket = new AtomicBucket();
  for (let i = 0; i < 3; i++) bucket.push(i);
  const codes: unknown[] = [];
  bucket.drain(() => codes.push(codeOf(() => bucket.drain(() => {}))));
  expect(codes).toEqual(Array(3).fill('OSTINATO_BUCKET_CONSUMER'));
});

test('places are free again while a long ring is drained', () => {
  const bucket = new AtomicBucket({ capacity: 1024 });
  for (let i = 0; i < 1024; i++) bucket.push(i);
  const kept: boolean[] = [];
  bucket.drain((value) => {
    if (value === 100 || value === 1000) kept.push(bucket.push(value));
  });
  expect(kept).toEqual([false, true]);
});

describe('several buckets of one memory', () => {
  test('have a ring each, and are drained by one of them', () => {
    const first = new AtomicBucket();
    const second = AtomicBucket.attach(first.share());
    first.push(1, 1);
    second.push(2, 2);
    first.push(3, 1);
    expect(drained(first)).toEqual([
      [1, 1],
      [3, 1],
      [2, 2],
    ]);
    expect(codeOf(() => second.drain(() => {}))).toBe('OSTINATO_BUCKET_CONSUMER');
    expect(codeOf(() => second.drainEvery(() => {}))).toBe('OSTINATO_BUCKET_CONSUMER');
    first.push(4, 1);
    first.close();
    expect(drained(second)).toEqual([[4, 1]]);
    expect(() => first.drain(() => {})).toThrow('another AtomicBucket of this thread drains it already');
  });

  test('a consumer that closes the bucket finishes its drain first', () => {
    const first = new AtomicBucket();
    const second = AtomicBucket.attach(first.share());
    for (let i = 0; i < 3; i++) first.push(i);
    const seen: number[] = [];
    first.drain((value) => {
      seen.push(value);
      first.close();
      expect(codeOf(() => second.drain(() => {}))).toBe('OSTINATO_BUCKET_CONSUMER');
    });
    expect(seen).toEqual([0, 1, 2]);
    expect(second.drain(() => {})).toBe(0);
  });

  test('without a free ring, samples are dropped, counted and reported, until there is one', () => {
    const first = new AtomicBucket({ producers: 1 });
    const second = AtomicBucket.attach(first.share());
    first.push(1);
    expect([second.push(2), second.push(3)]).toEqual([false, false]);
    expect(first.dropped).toBe(2);
    expect(warnings).toEqual([
      {
        code: 'OSTINATO_BUCKET_FULL',
        text: 'AtomicBucket: samples are dropped, since other producers have all of its 1 rings. Raise the option producers.',
      },
    ]);
    first.close();
    expect(second.push(4)).toBe(true);
    expect(first.push(5)).toBe(false);
    expect(drained(second)).toEqual([
      [1, 0],
      [4, 0],
    ]);
    expect(second.dropped).toBe(3);
  });

  test('who takes over a ring that is full finds no room there', () => {
    const first = new AtomicBucket({ producers: 1, capacity: 2 });
    const second = AtomicBucket.attach(first.share());
    expect([first.push(1), first.push(2)]).toEqual([true, true]);
    first.close();
    expect(second.push(3)).toBe(false);
    expect(drained(second)).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(second.push(4)).toBe(true);
  });

  test('who takes over from a consumer that was killed gives back the places of all that it had read', () => {
    const bucket = new AtomicBucket({ capacity: 4 });
    for (let i = 0; i < 4; i++) bucket.push(i);
    new Int32Array(bucket.share())[BUCKET_HEAD_WORDS + RING_NEXT] = 4;
    expect(bucket.push(4)).toBe(false);
    expect(drained(bucket)).toEqual([]);
    expect(bucket.push(5)).toBe(true);
  });

  test('a bucket takes over where another consumer stopped', () => {
    const first = new AtomicBucket();
    const second = AtomicBucket.attach(first.share());
    for (let i = 0; i < 4; i++) first.push(i);
    const stop = () => {
      throw new Error('stop');
    };
    expect(() => first.drain(stop)).toThrow('stop');
    first.close();
    expect(drained(second).map(([value]) => value)).toEqual([1, 2, 3]);
  });
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['an ArrayBuffer', new ArrayBuffer(1024)],
  ['other shared memory', new SharedArrayBuffer(1024)],
  ['very little shared memory', new SharedArrayBuffer(4)],
])('attach refuses %s', (_, shared) => {
  expect(codeOf(() => AtomicBucket.attach(shared as SharedArrayBuffer))).toBe('OSTINATO_INVALID_OPTION');
});

test('without shared memory a bucket works for its thread, and cannot be shared', () => {
  const { SharedArrayBuffer: Shared } = globalThis;
  Object.assign(globalThis, { SharedArrayBuffer: undefined });
  try {
    const bucket = new AtomicBucket({ capacity: 2 });
    bucket.push(1);
    expect(drained(bucket)).toEqual([[1, 0]]);
    expect(codeOf(() => bucket.share())).toBe('OSTINATO_PLATFORM');
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: Shared });
  }
});
