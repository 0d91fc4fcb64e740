import { counter, histogram, setGlobalRecorder, setReporter } from '@ostinato/core';
import type { Arena } from '../../src/arena/arena.ts';
import { ThreadTable } from '../../src/arena/thread-table.ts';
import { AtomicBucket, createRecorder, type Sampling } from '../../src/index.ts';
import { HistogramSamples } from '../../src/read/samples.ts';
import { Threads } from '../support/threads.ts';

let samples: [name: string, labels: string, value: number][];
let sampling: Sampling | undefined;
let undo: (() => void)[];
const take = ({ name }: { name: string }, { labels }: { labels: readonly unknown[] }, value: number) => {
  samples.push([name, labels.join(), value]);
};
function install(options?: Parameters<typeof createRecorder>[0]) {
  const recorder = createRecorder(options);
  const installation = setGlobalRecorder(recorder);
  undo.push(() => installation.uninstall());
  return recorder;
}
beforeEach(() => {
  samples = [];
  undo = [];
});
afterEach(() => {
  sampling?.stop();
  for (const step of undo) step();
});

test('each sample is handed over once, with its series, in order; and recorded as ever', () => {
  const recorder = install();
  const early = histogram('early');
  early.record(1);
  sampling = recorder.samples(take);
  early.record(2);
  histogram('time', { route: '/' }).recordMany(3, 2);
  counter('orders').increment();
  expect(samples).toEqual([]);
  sampling.drain();
  expect(samples).toEqual([
    ['early', '', 2],
    ['time', 'route,/', 3],
    ['time', 'route,/', 3],
  ]);
  sampling.drain();
  expect(samples).toHaveLength(3);
  const counts: number[] = [];
  for (const run of recorder.reader().collect().chunks(9)) for (const { count } of run) counts.push(count);
  expect(counts).toEqual([2, 2, 0]);
});

test('direct hands over at once, but for the first samples of a series', () => {
  sampling = install().samples(take, { direct: true });
  const time = histogram('time');
  time.record(1);
  expect(samples).toEqual([]);
  sampling.drain();
  time.record(2);
  expect(samples).toEqual([
    ['time', '', 1],
    ['time', '', 2],
  ]);
});

test('after stop() nothing is handed over, until somebody asks again', () => {
  const recorder = install();
  sampling = recorder.samples(take);
  const time = histogram('time');
  time.record(1);
  sampling.stop();
  expect(samples).toEqual([['time', '', 1]]);
  time.record(2);
  const again = recorder.samples(take);
  sampling.stop();
  time.record(3);
  again.stop();
  expect(samples).toEqual([
    ['time', '', 1],
    ['time', '', 3],
  ]);
});

test('there is one taker at a time, and it is a function', () => {
  const recorder = install();
  sampling = recorder.samples(take);
  expect(() => recorder.samples(take)).toThrow(expect.objectContaining({ code: 'OSTINATO_BUCKET_CONSUMER' }));
  const invalid = expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' });
  expect(() => recorder.samples(undefined as never)).toThrow(invalid);
  expect(() => recorder.samples(take, { direct: 1 as never })).toThrow(invalid);
});

test('a taker that throws loses that sample only, and that is said once', () => {
  const warnings: string[] = [];
  const previous = setReporter((code) => void warnings.push(code));
  undo.push(() => void setReporter(previous));
  sampling = install().samples((metric, key, value) => {
    if (value < 3) throw new Error('no');
    take(metric, key, value);
  });
  for (let value = 1; value <= 4; value++) histogram('time').record(value);
  sampling.drain();
  expect(samples.map(([, , value]) => value)).toEqual([3, 4]);
  expect(warnings).toEqual(['OSTINATO_BUCKET_CONSUMER_FAILED']);
});

test('threads that record already, and will not hand over samples, are said once', () => {
  const warnings: string[] = [];
  const previous = setReporter((code, text) => void warnings.push(`${code} ${text}`));
  undo.push(() => void setReporter(previous));
  const recorder = install();
  new ThreadTable((recorder as unknown as { arena: Arena }).arena).claim(7, 1);
  sampling = recorder.samples(take);
  sampling.stop();
  sampling = recorder.samples(take);
  expect(warnings).toEqual([
    expect.stringMatching(/^OSTINATO_SAMPLES_LATE recorder.samples: 1 worker thread/),
  ]);
});

test('a taker may record: a sample of its own is handed over with the next drain', () => {
  let more = 3;
  sampling = install().samples((metric, key, value) => {
    take(metric, key, value);
    if (more-- > 0) histogram('time').record(value + 1);
  });
  histogram('time').record(1);
  for (let i = 0; i < 5; i++) sampling.drain();
  expect(samples.map(([, , value]) => value)).toEqual([1, 2, 3, 4]);
});

test('samples of a series that expires are handed over before its memory is another one’s', () => {
  const clock = { millis: 0, now: () => clock.millis, epochNanos: () => BigInt(clock.millis) * 1_000_000n };
  const recorder = install({ clock, idleTimeout: 1_000 });
  sampling = recorder.samples(take);
  const reader = recorder.reader();
  const collect = () => {
    for (const run of reader.collect().chunks(9)) for (const _ of run);
  };
  for (let round = 0; round < 4; round++) {
    histogram('time', { round }).record(round);
    collect();
    clock.millis += 1_500;
    collect();
    clock.millis += 1_500;
    collect();
  }
  sampling.drain();
  expect(samples).toEqual([0, 1, 2, 3].map((round) => ['time', `round,${round}`, round]));
  // All of them had one slot, one after the other.
  expect(recorder.memory).toBe(2 * 65_536);
});

test('a bucket hands over at most as many samples as it is asked for, and counts what pushMany cannot place', () => {
  using bucket = new AtomicBucket({ capacity: 8 });
  const values: number[] = [];
  expect(bucket.pushMany(1, 0, 5)).toBe(true);
  expect(bucket.drain((value) => values.push(value), 2)).toBe(2);
  expect(bucket.pushMany(2, 0, 2 ** 40)).toBe(false);
  expect(bucket.dropped).toBe(2 ** 40 - 5);
  expect(bucket.drain((value) => values.push(value))).toBe(8);
  expect(values).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  expect(bucket.capacity).toBe(8);
});

/** The collector with a taker of samples, and threads whose samples go there as those of workers do. */
function tapped(options: ConstructorParameters<typeof Threads>[1]) {
  const threads = new Threads(2, options);
  const { collector } = threads;
  const all = new HistogramSamples(collector.arena, collector);
  // One ring stands for those of all threads.
  const tap = (thread: number) =>
    threads.registries[thread]!.sampleTo({
      take: (value, count, record) => void all.bucket.pushMany(value, record, count),
    });
  tap(0);
  tap(1);
  return { threads, all, tap };
}

test('samples of a metric that is refused were handed over as another thread’s that got its memory', () => {
  const previous = setReporter(() => {});
  undo.push(() => void setReporter(previous));
  const { threads, all, tap } = tapped({});
  sampling = all.start(take, false);
  threads.counter(0, 'time').increment(1);
  threads.takeIn();
  // One name with two kinds: the collector takes the second one for no series.
  threads.histogram(1, 'time').record(1, 1);
  threads.takeIn();
  threads.replace(1);
  tap(1);
  threads.takeIn();
  threads.histogram(1, 'more').record(2, 1);
  threads.takeIn();
  sampling.drain();
  expect(samples).toEqual([['more', '', 2]]);
});

test('a record of no series was remembered when its memory was another thread’s, and samples were lost', () => {
  const previous = setReporter(() => {});
  undo.push(() => void setReporter(previous));
  const { threads, all, tap } = tapped({});
  sampling = all.start(take, false);
  threads.counter(0, 'time').increment(1);
  threads.takeIn();
  threads.histogram(1, 'time').record(1, 1);
  sampling.drain();
  threads.replace(1);
  tap(1);
  threads.takeIn();
  threads.histogram(1, 'more').record(2, 1);
  // Before any collection.
  sampling.drain();
  expect(samples).toEqual([['more', '', 2]]);
});

test('a sample that came as the taker stopped was handed over as the next series of its memory', () => {
  const { threads, all } = tapped({ idleTimeout: 1_000 });
  const first = all.start(take, false);
  const late = threads.histogram(0, 'time', { i: 1 });
  first.stop();
  // By a thread that had not seen yet that nobody takes samples.
  late.record(1, 1);
  for (let i = 0; i < 3; i++) {
    threads.takeIn();
    threads.registries[0]!.answer();
    threads.clock.jump(1_000);
  }
  threads.registries[0]!.answer();
  sampling = all.start(take, false);
  threads.histogram(0, 'time', { i: 2 }).record(2, 1);
  sampling.drain();
  expect(samples).toEqual([['time', 'i,2', 2]]);
});

test('each series that expired had all threads drained, and a busy one filled its ring anew each time', () => {
  const { threads, all } = tapped({ idleTimeout: 1_000 });
  let collecting = false;
  sampling = all.start((_, { labels }, value) => {
    samples.push(['time', labels.join(), value]);
    if (collecting) busy.record(value + 1, 1);
  }, false);
  for (let i = 0; i < 40; i++) threads.histogram(0, 'time', { i }).record(0, 1);
  const busy = threads.histogram(1, 'time', { busy: true });
  const pass = () => {
    busy.record(1, 1);
    threads.takeIn();
    for (const registry of threads.registries) registry.answer();
    threads.clock.jump(1_000);
  };
  pass();
  pass();
  sampling.drain();
  collecting = true;
  pass();
  collecting = false;
  // One drain for all of them.
  expect(samples.filter(([, labels]) => labels === 'busy,true').map(([, , value]) => value)).toEqual([
    1, 1, 1,
  ]);
});
