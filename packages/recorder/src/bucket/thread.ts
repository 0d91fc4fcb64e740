import type { BucketMemory } from './memory.ts';

/** A thread of the process. */
export interface Thread {
  /** Above 0, and never another thread's in this process: `threadId` and one. */
  readonly number: number;
  /** The thread that started it, 0: not known, or none. */
  readonly parent: number;
}

type WorkerThreads = typeof import('node:worker_threads');

/** Under this key a worker finds in its environment data who started it. */
const KEY = 'ostinato.thread';

let current: Thread | undefined;

/** This thread. */
export function currentThread(): Thread {
  current ??= identify();
  return current;
}

function identify(): Thread {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads') as WorkerThreads | undefined;
  if (threads === undefined) return { number: 1, parent: 0 };
  const number = threads.threadId + 1;
  const told = threads.getEnvironmentData(KEY) as Thread | undefined;
  // Another copy of this package may have been here before, in this thread.
  const parent = told?.number === number ? told.parent : (told?.number ?? 0);
  const thread = { number, parent };
  threads.setEnvironmentData(KEY, thread);
  return thread;
}

/** Held for good: threads may use what was shared when the thread that shared it does so no longer. */
const shared = new Set<BucketMemory>();
let listening = false;

/** From the first call on, workers that this thread starts know who their parent is, and their end is learned of. */
export function listenForWorkers(): void {
  if (listening) return;
  listening = true;
  currentThread();
  globalThis.process?.on?.('worker', (worker) => {
    // Afterwards it is not known any more.
    const thread = worker.threadId + 1;
    worker.once('exit', () => {
      for (const memory of shared) memory.releaseThread(thread);
    });
  });
}

/** What a worker has claimed of this memory is taken back when it has ended. */
export function releaseAtEndOfWorkers(memory: BucketMemory): void {
  shared.add(memory);
}
