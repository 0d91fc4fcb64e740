import { ManualClock } from '@ostinato/testing';
import { World } from '../log/world.ts';
import { fail, OK, REFUSED, Rig } from '../support/rig.ts';

const rigs: Rig[] = [];
function rig(...parameters: ConstructorParameters<typeof Rig>): Rig {
  const made = new Rig(...parameters);
  rigs.push(made);
  return made;
}
// What a test leaves in an outage is shut down without waiting for the manual clock.
afterEach(async () => {
  for (const { exporter, transport, clock } of rigs.splice(0)) {
    transport.answer = () => OK;
    const end = exporter.shutdown().catch(() => {});
    await clock.advance(60_000);
    await end;
  }
});

const RETRYABLE = [1, 4, 10, 11, 14, 15];
const DATA = [2, 3, 5, 6, 8, 9, 13];
const DESTINATION = [7, 12, 16];

describe('what becomes of a unit that a receiver answers with', () => {
  test('OK: delivered, and SUCCESS', async () => {
    const one = rig();
    const done = one.export(['a', 'b']);
    await one.clock.advance(0);
    expect(done.result).toEqual({ code: 0 });
    expect(one.account).toMatchObject({ accepted: 2, delivered: 2, queued: 0 });
  });

  test.each(RETRYABLE)('retryable status %i: sent again until it is delivered', async (code) => {
    const one = rig();
    let failures = 3;
    one.transport.answer = () => (failures-- > 0 ? fail(code) : OK);
    one.export(['a']);
    await one.clock.advance(30_000);
    expect(one.received).toEqual(['a', 'a', 'a', 'a']);
    expect(one.account).toMatchObject({ delivered: 1, rejected: 0 });
    expect(one.state).toBe('delivering');
  });

  test.each(DATA)(
    'data-level status %i: rejected, counted, FAILED with the cause, never sent again',
    async (code) => {
      const one = rig();
      one.transport.answer = ({ ids }) => (ids.includes('bad') ? fail(code, 'no such thing') : OK);
      const bad = one.export(['bad', 'bad too']);
      const good = one.export(['good']);
      await one.clock.advance(30_000);
      expect(bad.result).toMatchObject({
        code: 1,
        error: { message: expect.stringContaining('no such thing') },
      });
      expect(good.result).toEqual({ code: 0 });
      expect(one.transport.sent.map(({ ids }) => ids)).toEqual([['bad', 'bad too'], ['good']]);
      expect(one.account).toMatchObject({ accepted: 3, delivered: 1, rejected: 2 });
      expect(one.said).toHaveLength(1);
    },
  );

  test('RESOURCE_EXHAUSTED with RetryInfo: sent again', async () => {
    const one = rig();
    one.transport.answer = () => (one.transport.sent.length === 1 ? fail(8, '', 100) : OK);
    one.export(['a']);
    await one.clock.advance(30_000);
    expect(one.account).toMatchObject({ delivered: 1, rejected: 0 });
  });

  test.each(DESTINATION)(
    'destination-level status %i: nothing is consumed, and it is probed',
    async (code) => {
      const one = rig({ fallback: 'outage' });
      one.transport.answer = () => fail(code);
      const done = one.export(['a']);
      await one.clock.advance(0);
      for (let i = 0; i < 10; i++) one.export([`b${i}`]);
      await one.clock.advance(600_000);
      expect(one.state).toBe('paused');
      expect(done.result).toEqual({ code: 0 });
      expect(one.account).toMatchObject({ accepted: 11, logged: 11, rejected: 0, dropped: 0 });
      // Probing is slower than retrying: at most every 10 s, 5 s on average.
      expect(one.transport.sent.length).toBeLessThan(130);
      expect(one.transport.sent.every(({ ids }) => ids[0] === 'a')).toBe(true);
      one.transport.answer = () => OK;
      await one.clock.advance(20_000);
      expect(one.account).toMatchObject({ delivered: 11, logged: 0 });
      expect(one.said).toHaveLength(3);
    },
  );

  test('partial success: what was refused is rejected, nothing is sent again', async () => {
    const one = rig();
    one.transport.answer = () => ({ ok: true, rejectedPoints: 2, message: 'too old' });
    const done = one.export(['a', 'b', 'c']);
    await one.clock.advance(30_000);
    expect(done.result).toMatchObject({ code: 1, error: { message: expect.stringContaining('too old') } });
    expect(one.account).toMatchObject({ accepted: 3, delivered: 1, rejected: 2 });
    expect(one.transport.sent).toHaveLength(1);
  });

  test('partial success without rejected points: a success with a warning, said once', async () => {
    const one = rig();
    one.transport.answer = () => ({ ok: true, rejectedPoints: 0, message: 'deprecated\nfield' });
    const done = [one.export(['a']), one.export(['b'])];
    await one.clock.advance(0);
    expect(done.map(({ result }) => result?.code)).toEqual([0, 0]);
    expect(one.said).toEqual([expect.stringContaining('deprecated field')]);
  });

  test('a size limit: halved until it fits, and the limit is remembered', async () => {
    const one = rig();
    const LIMIT = 400;
    one.transport.answer = (_, bytes) =>
      bytes.length > LIMIT
        ? fail(8, `grpc: received message larger than max (${bytes.length} vs. ${LIMIT})`)
        : OK;
    const ids = Array.from({ length: 40 }, (_, i) => `id-${i}`);
    const done = one.export(ids);
    await one.clock.advance(1000);
    expect(done.result).toEqual({ code: 0 });
    expect(one.account).toMatchObject({ delivered: 40, rejected: 0 });
    // Only the first attempt found out; the parts arrive in order.
    expect(one.received.slice(40)).toEqual(ids);
    const before = one.transport.sent.length;
    one.export(ids);
    await one.clock.advance(1000);
    expect(one.account.delivered).toBe(80);
    expect(one.transport.sent.length).toBeLessThanOrEqual(before * 2);
  });

  test('a single point beyond the limit is rejected, its neighbours are delivered', async () => {
    const one = rig();
    one.transport.answer = (_, bytes) =>
      bytes.length > 400 ? fail(8, `grpc: received message after decompression larger than max 400`) : OK;
    const done = one.export(['a', 'x'.repeat(1000), 'b']);
    await one.clock.advance(1000);
    expect(done.result).toMatchObject({ code: 1, error: { message: expect.stringContaining('larger') } });
    expect(one.account).toMatchObject({ accepted: 3, delivered: 2, rejected: 1, queued: 0 });
  });

  test('a unit from the log that must be halved is acknowledged after both halves', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    one.export(['a', 'b', 'c', 'd']);
    await one.clock.advance(0);
    expect(one.account.logged).toBe(4);
    one.transport.answer = ({ ids }, bytes) => {
      if (ids.length > 2) return fail(8, `larger than max (${bytes.length} vs. ${bytes.length - 1})`);
      return ids.includes('c') ? REFUSED : OK;
    };
    await one.clock.advance(10_000);
    expect(one.account).toMatchObject({ delivered: 2, logged: 2 });
    one.transport.answer = () => OK;
    await one.clock.advance(10_000);
    expect(one.account).toMatchObject({ delivered: 4, logged: 0 });
    expect(one.account.logged).toBe(0);
  });
});

test('killed between the halves of a unit from the log: the next process sends all of it again', async () => {
  const world = new World();
  const one = rig({ fallback: 'outage' }, { world });
  one.transport.answer = () => REFUSED;
  one.export(['a', 'b']);
  await one.clock.advance(0);
  one.transport.answer = ({ ids }, bytes) => {
    if (ids.length > 1) return fail(8, `larger than max (${bytes.length} vs. ${bytes.length - 1})`);
    return ids.includes('b') ? REFUSED : OK;
  };
  await one.clock.advance(10_000);
  expect(one.account).toMatchObject({ delivered: 1, logged: 1 });
  one.kill();
  const heir = rig({ fallback: 'outage' }, { world });
  await heir.clock.advance(0);
  expect(heir.received).toEqual(['a', 'b']);
});

describe('waiting', () => {
  test('RetryInfo is a floor, which READY does not shorten', async () => {
    const one = rig({}, { random: () => 0 });
    one.transport.answer = () => (one.transport.sent.length === 1 ? fail(14, '', 7000) : OK);
    one.export(['a']);
    await one.clock.advance(6999);
    one.transport.becomeReady();
    await one.clock.advance(0);
    expect(one.transport.sent).toHaveLength(1);
    await one.clock.advance(1);
    expect(one.transport.sent).toHaveLength(2);
  });

  test('the connection becoming ready ends the wait', async () => {
    const one = rig({}, { random: () => 0.99 });
    one.transport.answer = () => (one.transport.sent.length < 5 ? REFUSED : OK);
    one.export(['a']);
    await one.clock.advance(6000);
    const before = one.transport.sent.length;
    one.transport.becomeReady();
    await one.clock.advance(0);
    expect(one.transport.sent).toHaveLength(before + 1);
  });

  test('a receiver that accepts connections and breaks them is not asked as fast as it can be connected', async () => {
    const one = rig({}, { random: () => 0.99 });
    one.transport.answer = () => {
      one.clock.setTimeout(() => one.transport.becomeReady(), 1);
      return REFUSED;
    };
    one.export(['a']);
    await one.clock.advance(60_000);
    expect(one.transport.sent.length).toBeLessThan(60);
  });

  test('waits at most 3 s between attempts, however long the outage', async () => {
    const one = rig({}, { random: () => 0.999 });
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(3_600_000);
    const gaps = one.transport.sent.slice(1).map(({ at }, i) => at - (one.transport.sent[i]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3000);
  });

  test('a client that is not connected after 3 s is made anew, one that is connected is not', async () => {
    const one = rig();
    one.transport.ready = false;
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(20_000);
    expect(one.transport.recreated).toBeGreaterThanOrEqual(3);
    const before = one.transport.recreated;
    one.transport.ready = true;
    await one.clock.advance(20_000);
    expect(one.transport.recreated).toBe(before);
  });

  test('silence: the first attempt has its whole time, then the client is made anew and attempts are short', async () => {
    const one = rig({ timeoutMillis: 10_000 });
    one.transport.ready = false;
    one.transport.answer = () => undefined;
    one.export(['a']);
    await one.clock.advance(40_000);
    const [first, ...others] = one.transport.sent.map(({ timeoutMillis }) => timeoutMillis);
    expect(first).toBe(10_000);
    expect(new Set(others)).toEqual(new Set([4000]));
    expect(one.transport.recreated).toBeGreaterThanOrEqual(others.length);
  });

  test('a connected receiver that needs 6 s for an answer is seen to work', async () => {
    const one = rig({ timeoutMillis: 10_000 });
    let slow = 11_000;
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), slow));
    one.export(['a']);
    await one.clock.advance(10_000);
    slow = 6000;
    await one.clock.advance(30_000);
    expect(one.account.delivered).toBe(1);
  });
});

describe('order', () => {
  test('one request at a time, each collect its own, in order', async () => {
    const one = rig();
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 20));
    for (const id of ['a', 'b', 'c']) one.export([id]);
    await one.clock.advance(1000);
    expect(one.transport.mostInFlight).toBe(1);
    expect(one.transport.sent.map(({ ids }) => ids)).toEqual([['a'], ['b'], ['c']]);
  });

  test('what comes during a replay goes behind it, and a replay leaves 50 ms between requests', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    for (const id of ['a', 'b', 'c']) one.export([id]);
    await one.clock.advance(0);
    one.transport.answer = () => OK;
    one.transport.sent.length = 0;
    one.transport.becomeReady();
    await one.clock.advance(10);
    const late = one.export(['d']);
    await one.clock.advance(10);
    expect(late.result).toEqual({ code: 0 });
    await one.clock.advance(1000);
    expect(one.received).toEqual(['a', 'b', 'c', 'd']);
    const gaps = one.transport.sent.slice(1).map(({ at }, i) => at - (one.transport.sent[i]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
  });

  test('another outage in the middle of a replay keeps the order', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    for (const id of ['a', 'b', 'c', 'd']) one.export([id]);
    await one.clock.advance(0);
    one.transport.answer = ({ ids }) => (ids[0] === 'a' || ids[0] === 'b' ? OK : REFUSED);
    await one.clock.advance(30_000);
    one.export(['e']);
    await one.clock.advance(100);
    one.transport.answer = () => OK;
    await one.clock.advance(30_000);
    const delivered = [...new Set(one.received)];
    expect(delivered).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(one.account).toMatchObject({ delivered: 5, logged: 0 });
  });

  test("a dead process's log of the same resource goes first, that of another resource beside", async () => {
    const world = new World();
    const dead = rig({ fallback: 'outage' }, { world });
    dead.transport.answer = () => REFUSED;
    for (const id of ['a', 'b', 'c']) dead.export([id], 'same');
    for (const id of ['x', 'y', 'z']) dead.export([id], 'other');
    await dead.clock.advance(0);
    dead.kill();
    const one = rig({ fallback: 'outage' }, { world });
    for (const id of ['d', 'e']) one.export([id], 'same');
    await one.clock.advance(1000);
    expect(one.received.filter((id) => 'abcde'.includes(id))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(one.received.filter((id) => 'xyz'.includes(id))).toEqual(['x', 'y', 'z']);
    // Neither waits for the other to be done.
    expect(one.received.indexOf('x')).toBeLessThan(one.received.indexOf('c'));
    expect(one.account).toMatchObject({ adopted: 6, accepted: 2, delivered: 8, logged: 0 });
    expect(one.said[0]).toMatch(/6 requests \(6 points\) that earlier processes left/);
  });

  test('a log that is found later, when newer data was sent, is a line of its own and says so', async () => {
    const world = new World();
    const other = rig({ fallback: 'outage' }, { world });
    const one = rig({ fallback: 'outage' }, { world });
    other.transport.answer = () => REFUSED;
    other.export(['a']);
    one.export(['b']);
    await other.clock.advance(0);
    await one.clock.advance(0);
    other.kill();
    await one.clock.advance(61_000);
    expect(one.received).toEqual(['b', 'a']);
    expect(one.said).toEqual([expect.stringContaining('beside newer data')]);
  });
});

describe('what is kept where', () => {
  test('a slow receiver: after acceptMillis the unit is in the log, and when it is taken after all, nowhere', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 3000));
    const done = one.export(['a']);
    await one.clock.advance(999);
    expect(done.result).toBeUndefined();
    expect(one.account.logged).toBe(0);
    await one.clock.advance(1);
    expect(done.result).toEqual({ code: 0 });
    expect(one.account.logged).toBe(1);
    await one.clock.advance(2000);
    expect(one.account.logged).toBe(0);
    expect(one.received).toEqual(['a']);
    expect(one.account).toMatchObject({ delivered: 1, logged: 0 });
  });

  test('in an outage a unit is in the log before export calls back', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(0);
    one.export(['b']);
    expect(one.account.logged).toBe(2);
    expect(one.account).toMatchObject({ logged: 2, queued: 0 });
  });

  test('durability always: in the log before the first attempt', async () => {
    const one = rig({ fallback: 'always' });
    let before = 0;
    one.transport.answer = () => {
      before = one.account.logged;
      return OK;
    };
    const done = one.export(['a', 'b']);
    await one.clock.advance(0);
    expect(before).toBe(2);
    await one.clock.advance(100);
    expect(done.result).toEqual({ code: 0 });
    expect(one.account.logged).toBe(0);
    expect(one.said).toEqual([]);
  });

  test.each(['ENOSPC', 'EACCES', 'EROFS'])(
    'a log that cannot be written (%s): memory, SUCCESS, said once; and into the log when it can be written',
    async (code) => {
      const one = rig({ fallback: 'outage' });
      one.breakDisk(code);
      one.transport.answer = () => REFUSED;
      const done = [one.export(['a']), one.export(['b'])];
      await one.clock.advance(5000);
      expect(done.map(({ result }) => result?.code)).toEqual([0, 0]);
      expect(one.account).toMatchObject({ queued: 2, logged: 0 });
      expect(one.said.filter((text) => text.includes(code))).toHaveLength(1);
      one.breakDisk(undefined);
      one.export(['c']);
      expect(one.account).toMatchObject({ queued: 0, logged: 3 });
      one.transport.answer = () => OK;
      await one.clock.advance(10_000);
      expect([...new Set(one.received)]).toEqual(['a', 'b', 'c']);
    },
  );

  test('without a log memory has its limit: the oldest is lost and counted, the one in flight stays', async () => {
    const one = rig({ memory: { maxPoints: 3 } });
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(0);
    for (const id of ['b', 'c', 'd', 'e']) one.export([id]);
    expect(one.account).toMatchObject({ accepted: 5, dropped: 2, queued: 3 });
    one.transport.answer = () => OK;
    await one.clock.advance(10_000);
    expect([...new Set(one.received)]).toEqual(['a', 'd', 'e']);
    expect(one.said.filter((text) => text.includes('lost'))).toHaveLength(1);
  });

  test.each([
    ['bytes', { maxBytes: 300 }],
    ['points', { maxPoints: 3 }],
  ])('with a log, what goes beyond the %s of memory goes there, not to the floor', async (_, memory) => {
    const one = rig({ memory, fallback: 'outage' });
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 100));
    for (const id of ['a', 'b', 'c', 'd', 'e']) one.export([id]);
    expect(one.account.logged).toBeGreaterThan(0);
    await one.clock.advance(5000);
    expect(one.received).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(one.account).toMatchObject({ delivered: 5, dropped: 0 });
  });

  test('without a log, what is older than the limit is lost and counted', async () => {
    const one = rig({ memory: { maxAgeMillis: 60_000 } });
    one.transport.answer = () => REFUSED;
    for (const id of ['a', 'b']) one.export([id]);
    await one.clock.advance(60_001);
    one.export(['c']);
    expect(one.account).toMatchObject({ dropped: 1, queued: 2 });
  });

  test('without a log, what is older than the limit is lost too while nothing new comes', async () => {
    const one = rig({ memory: { maxAgeMillis: 60_000 } });
    one.transport.answer = () => REFUSED;
    for (const id of ['in flight', 'old']) one.export([id]);
    await one.clock.advance(70_000);
    expect(one.account).toMatchObject({ dropped: 1, queued: 1 });
    one.transport.answer = () => OK;
    await one.clock.advance(10_000);
    expect(one.received).not.toContain('old');
  });
});

describe('speaking', () => {
  test('one line when an outage begins, one when it ends, one when the replay is done', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(60_000);
    one.export(['b']);
    one.transport.answer = () => OK;
    await one.clock.advance(10_000);
    expect(one.said).toEqual([
      expect.stringMatching(
        /^not delivering to http:\/\/localhost:4317: connection refused.*log in \/log\.$/,
      ),
      expect.stringMatching(
        /^delivering to http:\/\/localhost:4317 again after 6\d\.\d s; replaying \d requests? /,
      ),
      'replay finished: nothing is left in the log',
    ]);
  });

  test('each kind of failure once in an outage, with its diagnosis', async () => {
    const one = rig();
    const answers = [REFUSED, fail(14, 'Name resolution failed for target dns:x'), REFUSED];
    one.transport.answer = () => answers[one.transport.sent.length % 3] ?? OK;
    one.export(['a']);
    await one.clock.advance(60_000);
    expect(one.said).toEqual([
      expect.stringMatching(/^not delivering.*DNS.*memory/),
      expect.stringMatching(/^still not delivering.*refused/),
    ]);
  });
});

test('damage in the log that does not even tell how much it was is said', async () => {
  const world = new World();
  const victim = rig({ fallback: 'outage' }, { world });
  victim.transport.answer = () => REFUSED;
  victim.export(['a']);
  await victim.clock.advance(0);
  victim.export(['b']);
  victim.kill();
  for (const path of world.disk.files().keys()) {
    const node = world.disk.node(path);
    if (node?.kind !== 'file' || !path.endsWith('.jsonl')) continue;
    const [header, a = '', ...rest] = node.bytes.toString().split('\n');
    node.bytes = Buffer.from([header, '?'.repeat(a.length), ...rest].join('\n'));
  }
  const heir = rig({ fallback: 'outage' }, { world });
  await heir.clock.advance(10_000);
  expect(heir.received).toEqual(['b']);
  expect(heir.said.filter((text) => text.includes('damaged'))).toHaveLength(1);
});

test('a logger that throws does not stop delivery', async () => {
  const one = rig({ fallback: 'outage' });
  one.said.push = () => {
    throw new Error('no disk for logs');
  };
  one.transport.answer = () => REFUSED;
  one.export(['a']);
  await one.clock.advance(10);
  one.transport.answer = () => OK;
  await one.clock.advance(10_000);
  expect(one.received.at(-1)).toBe('a');
  expect(one.account).toMatchObject({ delivered: 1, logged: 0, queued: 0 });
});

describe('from memory to the log', () => {
  const large = (name: string) => `${name} ${'x'.repeat(200_000)}`;
  const names = (received: readonly string[]) => received.map((id) => id.split(' ')[0]);

  test('a full memory does not hold the event loop: it goes slice by slice, in order', async () => {
    const one = rig({ fallback: 'outage', acceptMillis: 60_000, timeoutMillis: 2000 });
    one.transport.answer = () => undefined;
    for (const name of 'abcde') one.export([large(name)]);
    const seen: number[] = [];
    const { advance } = one.clock;
    // The failure comes at 2000 ms; each turn of the event loop after it writes one slice.
    await advance.call(one.clock, 1999);
    expect(one.account).toMatchObject({ queued: 5, logged: 0 });
    const soon = one.clock.setImmediate.bind(one.clock);
    Object.assign(one.clock, {
      setImmediate: (callback: () => void) => {
        seen.push(one.account.logged);
        return soon(callback);
      },
    });
    await advance.call(one.clock, 1);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(one.account).toMatchObject({ queued: 0, logged: 5 });
    one.transport.answer = () => OK;
    await advance.call(one.clock, 60_000);
    expect(names(one.received.slice(1))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(one.account).toMatchObject({ delivered: 5, logged: 0, queued: 0 });
  });

  test('export calls back after its own slices, not while they wait', async () => {
    const one = rig({ fallback: 'outage', acceptMillis: 1000 });
    one.transport.answer = () => undefined;
    const done = ['a', 'b', 'c'].map((name) => one.export([large(name)]));
    const logged: number[] = [];
    const soon = one.clock.setImmediate.bind(one.clock);
    Object.assign(one.clock, {
      setImmediate: (callback: () => void) => {
        logged.push(done.filter(({ result }) => result !== undefined).length - one.account.logged);
        return soon(callback);
      },
    });
    await one.clock.advance(1000);
    expect(logged.length).toBeGreaterThan(0);
    expect(Math.max(...logged)).toBeLessThanOrEqual(0);
    expect(done.map(({ result }) => result?.code)).toEqual([0, 0, 0]);
  });

  test('a unit that was too long for one line when it moved in flight is stepped over whole, and counted once', async () => {
    const one = rig({ fallback: 'outage' });
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 3000));
    // As JSON six times as long.
    const ids = ['\u0001', '\u0002'].map((letter) => letter.repeat(110_000));
    one.export(ids);
    await one.clock.advance(1500);
    expect(one.account).toMatchObject({ logged: 2, queued: 0 });
    await one.clock.advance(60_000);
    expect(one.received).toEqual(ids);
    expect(one.account).toMatchObject({ accepted: 2, delivered: 2, logged: 0 });
  });

  test('points of a line that another process took are handed over, and the account closes', async () => {
    const clock = new ManualClock();
    const world = new World();
    const sleeper = rig({ fallback: 'outage' }, { clock, world });
    sleeper.transport.answer = () => REFUSED;
    sleeper.export(['a']);
    await clock.advance(10);
    sleeper.export(['b', 'c']);
    await clock.advance(10);
    expect(sleeper.account).toMatchObject({ logged: 3, queued: 0 });
    world.time += 61_000;
    const other = rig({ fallback: 'outage' }, { clock: new ManualClock(), world });
    await other.clock.advance(10_000);
    expect(other.account).toMatchObject({ adopted: 3, delivered: 3 });
    sleeper.transport.answer = () => OK;
    await clock.advance(10_000);
    const end = sleeper.exporter.shutdown();
    await clock.advance(10_000);
    await end;
    const { accepted, delivered, handedOver, logged, queued, dropped } = sleeper.account;
    expect({ accepted, sum: delivered + handedOver, logged, queued, dropped }).toEqual({
      accepted: 3,
      sum: 3,
      logged: 0,
      queued: 0,
      dropped: 0,
    });
    expect(handedOver).toBeGreaterThan(0);
    expect(sleeper.said.filter((text) => text.includes("another process's now"))).toHaveLength(1);
  });
});
