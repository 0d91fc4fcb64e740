import { EventEmitter } from 'node:events';
import { type Ending, type EndingProcess, onProcessEnd } from '../src/process-end.ts';

/** A process that can be told to end; `kill` and `exit` are noted. */
class FakeProcess extends EventEmitter implements EndingProcess {
  readonly pid: number;
  readonly ends: string[] = [];
  constructor(pid = 42) {
    super();
    this.pid = pid;
  }
  kill(pid: number, signal: string): void {
    this.ends.push(`kill ${pid} ${signal}, ${this.listenerCount(signal)} listening`);
  }
  exit(code: number): void {
    this.ends.push(`exit ${code}`);
  }
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

function fakeEnding() {
  const calls: string[] = [];
  const shutdown = deferred();
  const ending: Ending = {
    async flush() {
      calls.push('flush');
    },
    shutdown() {
      calls.push('shutdown');
      return shutdown.promise;
    },
    shutdownUnderLoad() {
      calls.push('shutdownUnderLoad');
      return shutdown.promise;
    },
    finishNow() {
      calls.push('finishNow');
    },
  };
  return { calls, ending, shutdown };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test.each(['SIGTERM', 'SIGINT'])('%s takes its effect after the shutdown', async (signal) => {
  const target = new FakeProcess();
  const { calls, ending, shutdown } = fakeEnding();
  onProcessEnd(ending, target);
  target.emit(signal, signal);
  await settle();
  expect(calls).toEqual(['shutdownUnderLoad']);
  expect(target.ends).toEqual([]);
  shutdown.resolve();
  await settle();
  expect(target.ends).toEqual([`kill 42 ${signal}, 0 listening`]);
  expect(target.eventNames()).toEqual([]);
});

test('a second signal waits for nothing: the process exits', () => {
  const target = new FakeProcess();
  const { calls, ending } = fakeEnding();
  onProcessEnd(ending, target);
  target.emit('SIGINT', 'SIGINT');
  target.emit('SIGINT', 'SIGINT');
  expect(target.ends).toEqual(['exit 130']);
  target.emit('exit');
  expect(calls).toEqual(['shutdownUnderLoad', 'finishNow']);
});

test('the first process of a container, which has no default actions, exits', async () => {
  const target = new FakeProcess(1);
  const { ending, shutdown } = fakeEnding();
  onProcessEnd(ending, target);
  target.emit('SIGTERM', 'SIGTERM');
  shutdown.resolve();
  await settle();
  expect(target.ends).toEqual(['exit 143']);
});

test.each(['on', 'once', 'prependListener'] as const)(
  'where others listen (%s), they decide',
  async (how) => {
    const target = new FakeProcess();
    const others = jest.fn();
    const { calls, ending } = fakeEnding();
    if (how === 'once') {
      target.once('SIGTERM', others);
    }
    onProcessEnd(ending, target);
    if (how !== 'once') {
      target[how]('SIGTERM', others);
    }
    target.emit('SIGTERM', 'SIGTERM');
    await settle();
    expect(others).toHaveBeenCalledTimes(1);
    expect(calls).toEqual(['flush']);
    expect(target.ends).toEqual([]);
    target.emit('beforeExit');
    target.emit('beforeExit');
    target.emit('exit');
    expect(calls).toEqual(['flush', 'shutdown', 'finishNow']);
  },
);

describe('the package signal-exit, which leaves the signal to others as we do', () => {
  const V4 = Symbol.for('signal-exit emitter');
  const shared = globalThis as { [V4]?: { count: number } };
  afterEach(() => {
    delete shared[V4];
  });

  test('does not make the process immortal', async () => {
    const target = Object.assign(new FakeProcess(), { __signal_exit_emitter__: { count: 1 } });
    shared[V4] = { count: 2 };
    for (let i = 0; i < 3; i++) {
      target.on('SIGTERM', () => {});
    }
    const { calls, ending, shutdown } = fakeEnding();
    onProcessEnd(ending, target);
    target.emit('SIGTERM', 'SIGTERM');
    shutdown.resolve();
    await settle();
    expect(calls).toEqual(['shutdownUnderLoad']);
    expect(target.ends).toEqual(['kill 42 SIGTERM, 3 listening']);
  });

  test('does not hide others that listen too', () => {
    const target = new FakeProcess();
    shared[V4] = { count: 1 };
    target.on('SIGTERM', () => {});
    target.on('SIGTERM', () => {});
    const { calls, ending } = fakeEnding();
    onProcessEnd(ending, target);
    target.emit('SIGTERM', 'SIGTERM');
    expect(calls).toEqual(['flush']);
  });
});

test('undone, nothing listens any more', () => {
  const target = new FakeProcess();
  const { calls, ending } = fakeEnding();
  onProcessEnd(ending, target)();
  expect(target.eventNames()).toEqual([]);
  expect(calls).toEqual([]);
});
