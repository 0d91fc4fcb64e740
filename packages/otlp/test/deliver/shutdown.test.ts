import type { OtlpMetricExporter } from '../../src/exporter.ts';
import { OK, REFUSED, Rig } from '../support/rig.ts';

/** Whether a promise is settled now, and how. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  const turn = new Promise((resolve) => setImmediate(resolve, 'pending'));
  return String(
    await Promise.race([
      promise.then(
        () => 'resolved',
        (error) => error.code,
      ),
      turn,
    ]),
  );
}

const shutdownSync = ({ exporter }: Rig) => (exporter as OtlpMetricExporter).shutdownSync();
const exitListeners = () => process.listenerCount('exit');

describe('forceFlush', () => {
  test('while delivering it waits until everything is delivered', async () => {
    const one = new Rig();
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 3000));
    one.export(['a']);
    const flushed = one.exporter.forceFlush();
    await one.clock.advance(2000);
    expect(await outcome(flushed)).toBe('pending');
    await one.clock.advance(1000);
    expect(await outcome(flushed)).toBe('resolved');
    expect(one.account).toMatchObject({ delivered: 1 });
    await one.exporter.shutdown();
  });

  test('after flushMillis the rest goes to the log', async () => {
    const one = new Rig({ fallback: 'outage', acceptMillis: 60_000, flushMillis: 2000 });
    one.transport.answer = () => undefined;
    one.export(['a']);
    const flushed = one.exporter.forceFlush();
    await one.clock.advance(1999);
    expect(await outcome(flushed)).toBe('pending');
    await one.clock.advance(1);
    expect(await outcome(flushed)).toBe('resolved');
    expect(one.account.logged).toBe(1);
    const ended = one.exporter.shutdown();
    await one.clock.advance(5000);
    await ended;
  });

  test('in an outage it resolves at once, with and without a log, and loses nothing', async () => {
    for (const fallback of ['outage', undefined] as const) {
      const one = new Rig({ ...(fallback && { fallback }) });
      one.transport.answer = () => REFUSED;
      one.export(['a']);
      await one.clock.advance(0);
      one.export(['b']);
      expect(await outcome(one.exporter.forceFlush())).toBe('resolved');
      expect(one.account).toMatchObject({ accepted: 2, dropped: 0 });
      one.transport.answer = () => OK;
      const ended = one.exporter.shutdown();
      await one.clock.advance(5000);
      await ended;
    }
  });

  test('with nothing to do it resolves at once', async () => {
    const one = new Rig();
    expect(await outcome(one.exporter.forceFlush())).toBe('resolved');
    await one.exporter.shutdown();
    expect(await outcome(one.exporter.forceFlush())).toBe('resolved');
  });
});

describe('shutdown', () => {
  test('works without a flush before it, delivers what was exported, and is idempotent', async () => {
    const one = new Rig();
    one.export(['a']);
    const ended = one.exporter.shutdown();
    expect(one.exporter.shutdown()).toBe(ended);
    await ended;
    expect(one.account).toMatchObject({ delivered: 1 });
    expect(one.transport.closed).toBe(true);
    expect(one.state).toBe('closed');
  });

  test('export after it is FAILED', async () => {
    const one = new Rig();
    await one.exporter.shutdown();
    expect(one.export(['a']).result).toMatchObject({ code: 1, error: { code: 'OSTINATO_SHUTDOWN' } });
  });

  test('in an outage with a log it appends and resolves at once', async () => {
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(0);
    one.export(['b']);
    expect(await outcome(one.exporter.shutdown())).toBe('resolved');
    expect(one.account.logged).toBe(2);
    expect(one.account).toMatchObject({ logged: 2, queued: 0, dropped: 0 });
  });

  test('in an outage without a log it tries for flushMillis, and rejects, last of all, for what is lost', async () => {
    const one = new Rig();
    one.transport.answer = () => REFUSED;
    const done = one.export(['a', 'b']);
    await one.clock.advance(1000);
    expect(done.result).toEqual({ code: 0 });
    const ended = one.exporter.shutdown();
    await one.clock.advance(4999);
    expect(await outcome(ended)).toBe('pending');
    await one.clock.advance(1);
    expect(await outcome(ended)).toBe('OSTINATO_POINTS_LOST');
    expect(one.transport.closed).toBe(true);
    expect(one.account).toMatchObject({ accepted: 2, dropped: 2, queued: 0 });
  });

  test('in an outage without a log it still delivers if the collector comes back in time', async () => {
    const one = new Rig();
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(1000);
    const ended = one.exporter.shutdown();
    one.transport.answer = () => OK;
    await one.clock.advance(4999);
    expect(await outcome(ended)).toBe('resolved');
  });

  test('an attempt in flight is cancelled after flushMillis, and its unit is left to the log', async () => {
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => undefined;
    one.export(['a']);
    const ended = one.exporter.shutdown();
    await one.clock.advance(5000);
    expect(await outcome(ended)).toBe('resolved');
    expect(one.transport.inFlight).toBe(0);
    expect(one.account).toMatchObject({ logged: 1 });
  });

  test('what a flush waited for in vain is not waited for again', async () => {
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => undefined;
    one.export(['a']);
    // As a stock reader does it.
    const ended = one.exporter.forceFlush().then(() => one.exporter.shutdown());
    await one.clock.advance(5000);
    expect(await outcome(ended)).toBe('resolved');
    expect(one.account).toMatchObject({ logged: 1 });
  });

  test('a unit that was delivered after it had moved to the log is not left there', async () => {
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => new Promise((resolve) => one.clock.setTimeout(() => resolve(OK), 3000));
    one.export(['a']);
    await one.clock.advance(2000);
    expect(one.account.logged).toBe(1);
    const ended = one.exporter.shutdown();
    await one.clock.advance(1000);
    await ended;
    expect(one.account.logged).toBe(0);
  });

  test('no timer and no listener is left behind', async () => {
    const before = exitListeners();
    const one = new Rig({ fallback: 'outage' });
    const two = new Rig();
    one.transport.answer = () => REFUSED;
    one.export(['a']);
    await one.clock.advance(0);
    expect(exitListeners()).toBe(before + 1);
    await one.exporter.shutdown();
    await two.exporter.shutdown();
    expect(exitListeners()).toBe(before);
    expect(one.clock.pending).toBe(0);
    expect(two.clock.pending).toBe(0);
  });
});

describe('shutdownSync', () => {
  test('leaves to the log what is in flight or waits, and ends the exporter, before it returns', async () => {
    const before = exitListeners();
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => undefined;
    const done = one.export(['a']);
    await one.clock.advance(0);
    expect(one.transport.inFlight).toBe(1);
    one.export(['b']);
    shutdownSync(one);
    expect(one.account).toMatchObject({ logged: 2, queued: 0, dropped: 0 });
    expect(one.state).toBe('closed');
    expect(one.transport.closed).toBe(true);
    expect(exitListeners()).toBe(before);
    shutdownSync(one);
    expect(await outcome(one.exporter.shutdown())).toBe('resolved');
    expect(one.transport.inFlight).toBe(0);
    expect(one.clock.pending).toBe(0);
    expect(done.result).toEqual({ code: 0 });
    expect(one.export(['c']).result).toMatchObject({ code: 1, error: { code: 'OSTINATO_SHUTDOWN' } });
    expect(one.account.logged).toBe(2);
  });

  test('ends a shutdown that waits', async () => {
    const one = new Rig({ fallback: 'outage' });
    one.transport.answer = () => undefined;
    one.export(['a']);
    const ended = one.exporter.shutdown();
    await one.clock.advance(0);
    expect(await outcome(ended)).toBe('pending');
    shutdownSync(one);
    expect(one.account).toMatchObject({ logged: 1, queued: 0, dropped: 0 });
    expect(await outcome(ended)).toBe('resolved');
    expect(one.account).toMatchObject({ logged: 1, queued: 0, dropped: 0 });
  });

  test('without a log, what waits is dropped, and counted', async () => {
    const one = new Rig();
    one.transport.answer = () => undefined;
    const done = one.export(['a']);
    await one.clock.advance(0);
    shutdownSync(one);
    expect(one.account).toMatchObject({ accepted: 1, dropped: 1, queued: 0 });
    expect(done.result).toMatchObject({ code: 1 });
  });
});

test.each([
  ['ours', false],
  ['wrapped', true],
])('when the process exits, what is in memory goes to the log: %s', async (_, wrapped) => {
  const one = new Rig({ fallback: 'outage' }, { wrapped });
  one.transport.answer = () => undefined;
  one.export(['a']);
  await one.clock.advance(0);
  expect(one.account.logged).toBe(0);
  // The listener that the exporter registered, and only this one: the process goes on.
  const [mine] = process.listeners('exit').slice(-1);
  mine?.call(process, 0);
  expect(one.account.logged).toBe(1);
  const ended = one.exporter.shutdown();
  await one.clock.advance(5000);
  await ended;
});
