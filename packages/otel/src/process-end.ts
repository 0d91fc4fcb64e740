import { constants } from 'node:os';

/** The ways in which a running SDK ends. None of them throws or rejects. */
export interface Ending {
  flush(): Promise<void>;
  shutdown(): Promise<void>;
  /** As `shutdown`, while others go on recording until the process is gone. */
  shutdownUnderLoad(): Promise<void>;
  /** The last resort, at exit: nothing asynchronous runs any more. Exit listeners that come later finish it. */
  finishNow(): void;
}

type Listener = (signal: Signal) => void;

/** What is needed of `process`. */
export interface EndingProcess {
  readonly pid: number;
  on(event: string, listener: Listener): unknown;
  prependListener(event: string, listener: Listener): unknown;
  removeListener(event: string, listener: Listener): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: Signal): unknown;
  exit(code: number): unknown;
}

type Signal = 'SIGTERM' | 'SIGINT';
const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT'];

/**
 * Sees to it that the process does not end without `ending`:
 * - when the event loop has run empty and nobody who heard of it went on, by a shutdown;
 * - on SIGTERM and SIGINT, where nobody else listens, by a shutdown and then by the signal's own effect; a second
 *   signal exits. Where others listen, they decide when the process ends, and may record until then:
 *   the signal flushes, and the end of the process does the rest;
 * - on `process.exit()` and on an uncaught error, synchronously.
 *
 * Returns what undoes it.
 */
export function onProcessEnd(ending: Ending, target: EndingProcess = process): () => void {
  let begun = false;
  const onSignal = (signal: Signal): void => {
    if (othersDecide(target, signal)) {
      void ending.flush();
    } else if (begun) {
      target.exit(exitCode(signal));
    } else {
      begun = true;
      void ending.shutdownUnderLoad().then(() => {
        undo();
        raise(target, signal);
      });
    }
  };
  let emptied = false;
  const onEmptyLoop = (): void => {
    if (emptied) {
      void ending.shutdown();
    } else {
      // Others that listen may now begin a last piece of work, and record in it. It is over when the loop is empty again.
      emptied = true;
      setImmediate(() => {});
    }
  };
  const onExit = (): void => ending.finishNow();

  const undo = (): void => {
    for (const signal of SIGNALS) {
      target.removeListener(signal, onSignal);
    }
    target.removeListener('beforeExit', onEmptyLoop);
    target.removeListener('exit', onExit);
  };
  for (const signal of SIGNALS) {
    // First in line: a listener that was added by `once` is not counted any more after its turn.
    target.prependListener(signal, onSignal);
  }
  target.on('beforeExit', onEmptyLoop);
  // Before the exporter's own, which writes what it was given.
  target.prependListener('exit', onExit);
  return undo;
}

/**
 * Whether somebody else listens who means to end the process. The npm package signal-exit does not: it counts
 * listeners as this module does, and if each left the signal to the other, the process would never end.
 */
function othersDecide(target: EndingProcess, signal: Signal): boolean {
  const { __signal_exit_emitter__: third } = target as { __signal_exit_emitter__?: { count?: unknown } };
  const fourth = (globalThis as { [SIGNAL_EXIT]?: { count?: unknown } })[SIGNAL_EXIT];
  return target.listenerCount(signal) - 1 > (Number(third?.count) || 0) + (Number(fourth?.count) || 0);
}

const SIGNAL_EXIT = Symbol.for('signal-exit emitter');

function raise(target: EndingProcess, signal: Signal): void {
  if (target.pid === 1) {
    // The first process of a container has no default actions: its own signal would do nothing.
    target.exit(exitCode(signal));
  } else {
    target.kill(target.pid, signal);
  }
}

function exitCode(signal: Signal): number {
  return 128 + constants.signals[signal];
}
