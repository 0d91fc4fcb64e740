import { ManualClock } from '../src/clock.ts';

let clock: ManualClock;
let log: string[];
const at = (what: string) => () => void log.push(`${what} at ${clock.now()}`);

beforeEach(() => {
  clock = new ManualClock({ epochMillis: 1_000 });
  log = [];
});

test('stands still, then moves in both times', async () => {
  expect([clock.now(), clock.epochMillis(), clock.epochNanos()]).toEqual([0, 1_000, 1_000_000_000n]);
  await clock.advance(2.5);
  expect([clock.now(), clock.epochMillis(), clock.epochNanos()]).toEqual([2.5, 1_002, 1_002_500_000n]);
});

test('its functions work on their own', async () => {
  const { now, setTimeout, clearTimeout } = clock;
  setTimeout(at('a'), 5);
  clearTimeout(setTimeout(at('cleared'), 5));
  clearTimeout(undefined);
  await clock.advance(5);
  expect(now()).toBe(5);
  expect(log).toEqual(['a at 5']);
});

test('runs timers in order of time, equal ones in order of creation, each at its own time', async () => {
  clock.setTimeout(at('late'), 30);
  clock.setTimeout(at('first'), 10);
  clock.setTimeout(at('second'), 10);
  clock.setInterval(at('tick'), 15);
  await clock.advance(9);
  expect(log).toEqual([]);
  await clock.advance(21);
  expect(log).toEqual(['first at 10', 'second at 10', 'tick at 15', 'late at 30', 'tick at 30']);
  expect(clock.pending).toBe(1);
});

test('timers that await and set further timers unfold within one advance', async () => {
  clock.setTimeout(async () => {
    log.push('one');
    await Promise.resolve().then(() => Promise.resolve());
    clock.setTimeout(at('two'), 10);
  }, 10);
  await clock.advance(20);
  expect(log).toEqual(['one', 'two at 20']);
});

test('immediates run at the next advance, even by 0, before any timer', async () => {
  clock.setTimeout(at('timer'), 0);
  clock.setImmediate((text: string) => log.push(text), 'immediate');
  clock.clearImmediate(clock.setImmediate(at('cleared')));
  await clock.advance(0);
  expect(log).toEqual(['immediate']);
  await clock.advance(1);
  expect(log).toEqual(['immediate', 'timer at 1']);
});

test('offers the same timers as after and soon', async () => {
  const { after, soon } = clock;
  soon(at('soon'));
  after(5, at('after'));
  after(5, at('cancelled'))();
  await clock.advance(5);
  expect(log).toEqual(['soon at 0', 'after at 5']);
});

test('an interval stops when cleared from within', async () => {
  const timer = clock.setInterval(() => {
    log.push('tick');
    if (log.length === 2) clock.clearInterval(timer);
  }, 10);
  await clock.advance(100);
  expect(log).toEqual(['tick', 'tick']);
  expect(clock.pending).toBe(0);
});

test('a jump runs nothing; what is overdue then runs at the later time', async () => {
  clock.setTimeout(at('overdue'), 10);
  expect(clock.untilNext).toBe(10);
  clock.jump(60);
  expect(log).toEqual([]);
  expect(clock.untilNext).toBe(0);
  await clock.advance(0);
  expect(log).toEqual(['overdue at 60']);
  expect(clock.untilNext).toBeUndefined();
});

test('what a timer throws reaches whoever advances', async () => {
  clock.setTimeout(() => {
    throw new Error('in a timer');
  }, 1);
  await expect(clock.advance(1)).rejects.toThrow('in a timer');
});

test('timers can be unref-ed as those of Node', () => {
  const timer = clock.setTimeout(() => {}, 1);
  expect(timer.hasRef()).toBe(true);
  expect(timer.unref()).toBe(timer);
  expect(timer.hasRef()).toBe(false);
  expect(timer.ref().hasRef()).toBe(true);
});

test.each([-1, Number.NaN, Infinity])('does not go %p ms', async (millis) => {
  await expect(clock.advance(millis)).rejects.toMatchObject({ code: 'OSTINATO_INVALID_OPTION' });
  expect(() => clock.jump(millis)).toThrow(
    /^ManualClock: millis must be a finite number that is not negative, got /,
  );
});
