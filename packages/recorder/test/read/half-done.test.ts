import { Pace } from '../../src/read/rounds.ts';
import { readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const MINUTE = 60_000;

afterEach(() => jest.restoreAllMocks());

test.each(['cumulative', 'delta'] as const)(
  'a series that is revived while another reader’s round lets it expire is in the next collection, %s',
  (temporality) => {
    jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
    const threads = new Threads(1, { idleTimeout: MINUTE });
    const other = threads.reader();
    // Has read nothing, so the series is not forgotten.
    const behind = threads.reader('delta');
    const reader = threads.reader(temporality);
    for (let i = 0; i < 5; i++) threads.counter(0, 'c', { i }).increment(1);
    readAll(other.collect());
    readAll(reader.collect());
    threads.clock.jump(MINUTE);
    readAll(other.collect());
    threads.registries[0]!.answer();
    other.collect();
    threads.counter(0, 'c', { i: 4 }).increment(2);
    expect(readAll(reader.collect()).map(({ value }) => value)).toEqual([2]);
    expect(readAll(behind.collect()).map(({ value }) => value)).toEqual([1, 1, 1, 1, 3]);
  },
);

test('a round that a failing clock ends has not taken in a record twice', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE });
  const reader = threads.reader();
  for (const i of [1, 2, 3]) threads.counter(0, 'c', { i }).increment(1);
  jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
  const now = jest.spyOn(threads.clock, 'now').mockReturnValueOnce(0);
  now.mockImplementationOnce(() => {
    throw new Error('no time');
  });
  expect(() => readAll(reader.collect())).toThrow('no time');
  expect(readAll(reader.collect()).map(({ value }) => value)).toEqual([1, 1, 1]);
});

test('a series that is recorded on while a round stands still for longer than its timeout is not idle', () => {
  jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
  for (let steps = 0; ; steps++) {
    const threads = new Threads(1, { idleTimeout: MINUTE });
    const reader = threads.reader();
    const sums = [1, 2, 3].map((i) => threads.counter(0, 'c', { i }));
    for (const sum of sums) sum.increment(1);
    const round = threads.collector.scan();
    let over = false;
    for (let i = 0; i < steps && !over; i++) over = threads.collector.step(round);
    threads.clock.jump(MINUTE);
    for (const sum of sums) sum.increment(1);
    for (let i = 0; i < 3; i++) {
      threads.takeIn();
      threads.registries[0]!.answer();
    }
    expect(readAll(reader.collect()).map(({ value }) => value)).toEqual([2, 2, 2]);
    if (over) break;
  }
});

test('a sum that a reader is about to read is in its collection, though another one sees the series revived', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE });
  const [witness, reader] = [threads.reader(), threads.reader('delta')];
  threads.counter(0, 'c').increment(1);
  readAll(witness.collect());
  threads.clock.jump(MINUTE);
  readAll(witness.collect());
  threads.registries[0]!.answer();
  const snapshot = reader.collect();
  threads.counter(0, 'c').increment(0);
  readAll(witness.collect());
  const [read] = readAll(snapshot);
  expect(read).toMatchObject({ value: 1 });
  expect(read!.start).toBeLessThan(snapshot.time);
});
