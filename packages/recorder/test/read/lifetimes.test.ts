import type { Snapshot } from '@ostinato/core';
import { makeKey, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const IDLE = 1000;
const labels = { i: 1 };

/** The names of the series that are born in this snapshot, of those in it, and of those that ended. */
function lives(snapshot: Snapshot) {
  const born: string[] = [];
  const shown: string[] = [];
  for (const run of snapshot.chunks(3)) {
    for (const { key, born: isBorn } of run) {
      shown.push(key.name);
      if (isBorn) born.push(key.name);
    }
  }
  const ended = snapshot.scopes.flatMap((scope) => [...(scope.ended?.() ?? [])].map(({ key }) => key.name));
  return { born, shown, ended };
}

function setUp() {
  const threads = new Threads(2, { idleTimeout: IDLE, buckets: { explicit: [1] } });
  threads.clock.jump(1);
  const record = (thread = 0) => {
    threads.counter(thread, 'counter', labels).increment(5);
    threads.gauge(thread, 'gauge', labels).sink.set(5);
    threads.histogram(thread, 'explicit', labels).record(0.5, 1);
    threads.histogram(thread, 'exponential', labels).record(0.5, 1);
  };
  const expire = () => {
    threads.clock.jump(IDLE);
    threads.takeIn();
    for (const registry of threads.registries) registry.answer();
  };
  return { threads, record, expire };
}

test('a series is born once for each cumulative reader, and again when it is revived', () => {
  const { threads, record, expire } = setUp();
  const [first, second] = [threads.reader(), threads.reader()];
  record();
  const all = ['counter', 'gauge', 'explicit', 'exponential'];
  const counts = ['counter', 'explicit', 'exponential'];
  threads.clock.jump(1);
  expect(lives(first.collect())).toEqual({ born: counts, shown: all, ended: [] });
  threads.clock.jump(1);
  record();
  expect(lives(first.collect())).toEqual({ born: [], shown: all, ended: [] });
  expect(lives(second.collect())).toEqual({ born: counts, shown: all, ended: [] });
  expire();
  expect(lives(first.collect())).toEqual({ born: [], shown: [], ended: all });
  expect(lives(second.collect())).toEqual({ born: [], shown: [], ended: all });
  threads.clock.jump(1);
  expect(lives(first.collect())).toEqual({ born: [], shown: [], ended: [] });
  threads.clock.jump(1);
  record();
  threads.clock.jump(1);
  expect(lives(first.collect())).toEqual({ born: counts, shown: all, ended: [] });
});

test('a series that is revived before its end was told has not ended', () => {
  const { threads, record, expire } = setUp();
  const [reader, other] = [threads.reader(), threads.reader()];
  record();
  lives(reader.collect());
  lives(other.collect());
  expire();
  // The other reader finds the end, and then the revival.
  lives(other.collect());
  threads.clock.jump(1);
  record(1);
  threads.clock.jump(1);
  const { born, shown, ended } = lives(reader.collect());
  expect([born.length, shown.length, ended]).toEqual([3, 4, []]);
});

test('a series that expires while a snapshot is read is in it, and ended in the next', () => {
  const { threads, record, expire } = setUp();
  const [reader, other] = [threads.reader(), threads.reader()];
  record();
  const snapshot = reader.collect();
  expect(readAll(snapshot)).toHaveLength(4);
  lives(other.collect());
  expire();
  lives(other.collect());
  expect(lives(snapshot).ended).toEqual([]);
  expect(lives(reader.collect()).ended).toHaveLength(4);
});

test('what a reader has not shown neither ended nor was empty', () => {
  const { threads, record, expire } = setUp();
  const reader = threads.reader();
  threads.counter(0, 'registered', labels);
  lives(reader.collect());
  record();
  const late = threads.reader();
  expire();
  expect(lives(late.collect()).ended).toEqual([]);
  expect(lives(reader.collect()).ended).toEqual([]);
});

test('a counter that is set by absolute is never born, and a delta reader tells of no births and ends', () => {
  const { threads, record, expire } = setUp();
  const [cumulative, delta, lowmemory] = [
    threads.reader(),
    threads.reader('delta'),
    threads.reader('lowmemory'),
  ];
  threads.counter(0, 'set', labels).absolute(1000);
  threads.clock.jump(1);
  expect(lives(cumulative.collect())).toEqual({ born: [], shown: ['set'], ended: [] });
  record();
  threads.clock.jump(1);
  for (const reader of [delta, lowmemory]) {
    expect(lives(reader.collect())).toMatchObject({ born: [], shown: { length: 5 } });
  }
  expire();
  for (const reader of [delta, lowmemory]) expect(lives(reader.collect()).ended).toEqual([]);
});

test('a series that began before the last collection is not born: its beginning would stand before its last end', () => {
  const { threads } = setUp();
  const reader = threads.reader();
  // Registered, but not recorded on when the reader collects.
  threads.registries[0]!.cell('counter', makeKey('other'), {});
  const found = threads.counter(0, 'counter', labels);
  lives(reader.collect());
  found.increment(1);
  threads.clock.jump(1);
  expect(lives(reader.collect())).toEqual({ born: [], shown: ['counter'], ended: [] });
});

test('a series that is gone and comes again, of a thread whose clock is behind, begins after it was last shown', () => {
  const threads = new Threads(2, { idleTimeout: IDLE }, [0n, 3_600_000_000_000n]);
  const reader = threads.reader();
  threads.counter(1, 'counter', labels).increment(5);
  const first = reader.collect();
  expect(readAll(first)).toHaveLength(1);
  for (let i = 0; i < 3; i++) {
    threads.clock.jump(IDLE);
    threads.takeIn();
    threads.registries[1]!.answer();
  }
  expect(threads.collector.scopes[0]!.metrics[0]!.series).toEqual([]);
  threads.counter(0, 'counter', labels).increment(5);
  const second = reader.collect();
  const [again] = readAll(second);
  expect(again!.start).toBeGreaterThanOrEqual(first.time);
  expect(again!.start).toBeLessThan(second.time);
});

test('a reader that does not collect gathers at most as many ends as there may be series', () => {
  const threads = new Threads(1, { idleTimeout: IDLE, cardinality: { total: 10 } });
  const [idle, busy] = [threads.reader(), threads.reader()];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 8; i++) threads.counter(0, 'c', { round, i }).increment(1);
    threads.clock.jump(1);
    readAll(busy.collect());
    if (round === 0) readAll(idle.collect());
    threads.clock.jump(IDLE);
    readAll(busy.collect());
  }
  expect(lives(idle.collect()).ended.length).toBeLessThanOrEqual(10);
});

test('a series was never born when the first walk to it was given up, and is born once however many are', () => {
  const { threads, record, expire } = setUp();
  const reader = threads.reader();
  const all = ['counter', 'gauge', 'explicit', 'exponential'];
  const counts = ['counter', 'explicit', 'exponential'];
  for (let incarnation = 0; incarnation < 2; incarnation++) {
    record();
    threads.clock.jump(1);
    const born: string[] = [];
    for (let walked = 0; walked < 3; walked++) {
      const [run] = reader.collect().chunks(walked);
      for (const { key, born: isBorn } of run ?? []) if (isBorn) born.push(key.name);
      threads.clock.jump(1);
    }
    const { shown, born: rest } = lives(reader.collect());
    expect(shown).toEqual(all);
    expect([...born, ...rest]).toEqual(counts);
    threads.clock.jump(1);
    expect(lives(reader.collect()).born).toEqual([]);
    expire();
    lives(reader.collect());
    threads.clock.jump(1);
  }
});
