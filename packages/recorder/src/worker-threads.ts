import type { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { Arena } from './arena/arena.ts';
import { LAYOUT } from './arena/layout.ts';
import { systemClock } from './clock.ts';
import type { Settings, ThreadTools } from './options.ts';

/*
 * All that is asked of node:worker_threads, which is not there in every place where the recorder runs.
 *
 * Environment data is the way from a thread to those it starts: plain data that Node.js copies into a worker when it
 * is constructed, shared memory shared, and that the worker passes on. No message is sent, nobody has to answer.
 */

/** Versioned: what is found there is read as this file writes it. */
const KEY = 'ostinato.recorder.v1';

/** Under `KEY`. Data only: a function would make the user's own `new Worker()` throw. */
interface Published {
  /** Of the arena, which two versions of this package may not read alike. */
  readonly layout: number;
  readonly buffer: ArrayBufferLike;
  readonly settings: Omit<Settings, keyof ThreadTools>;
  /** The row of the thread that published, in the arena's thread table. */
  readonly row: number;
  /** Where samples of histograms go, if somebody ever wanted them: the memory of an AtomicBucket. */
  readonly samples: SharedArrayBuffer | undefined;
}

/** What a worker finds. */
export interface Inherited {
  readonly arena: Arena;
  readonly settings: Settings;
  readonly parent: number;
  readonly samples: SharedArrayBuffer | undefined;
}

type WorkerThreads = Pick<
  typeof import('node:worker_threads'),
  'threadId' | 'getEnvironmentData' | 'setEnvironmentData'
>;

function workerThreads(): WorkerThreads | undefined {
  return globalThis.process?.getBuiltinModule?.('node:worker_threads');
}

/** The number that Node.js gives this thread, 0: the main thread. */
export function threadId(): number {
  return workerThreads()?.threadId ?? 0;
}

/** A thread of the process. */
export interface Thread {
  /** Above 0, and never another thread's: the number that Node.js gives it, and one. */
  readonly number: number;
  /** The thread that started it, 0: not known, or none. */
  readonly parent: number;
}

/** Under this key a worker finds the `Thread` that started it. */
const STARTER = 'ostinato.thread.v1';

let current: Thread | undefined;

/** This thread. From the first call on, the workers that it starts know that it is their parent. */
export function currentThread(): Thread {
  current ??= identify();
  return current;
}

function identify(): Thread {
  const threads = workerThreads();
  const number = threadId() + 1;
  const told = threads?.getEnvironmentData(STARTER) as Thread | undefined;
  // Another copy of this package may have been here before, in this thread.
  const parent = told?.number === number ? told.parent : (told?.number ?? 0);
  const thread = { number, parent };
  threads?.setEnvironmentData(STARTER, thread as never);
  return thread;
}

/** Threads that are started from now on find this arena. */
export function publish(
  arena: Arena,
  { clock: _clock, random: _random, ...settings }: Settings,
  row: number,
  samples: SharedArrayBuffer | undefined,
): void {
  if (!arena.shared) return;
  const published: Published = { layout: LAYOUT, buffer: arena.buffer, settings, row, samples };
  workerThreads()?.setEnvironmentData(KEY, published as never);
}

/** Threads that are started from now on find nothing, if this arena is what they would find. */
export function withdraw(arena: Arena): void {
  const threads = workerThreads();
  const published = threads?.getEnvironmentData(KEY) as Published | undefined;
  if (published?.buffer === arena.buffer) threads?.setEnvironmentData(KEY);
}

const TOOLS: ThreadTools = { clock: systemClock, random: Math.random };

/** What this thread's starter published, undefined: nothing, or `'other version'`. */
export function inherited(): Inherited | 'other version' | undefined {
  const published = workerThreads()?.getEnvironmentData(KEY) as Published | undefined;
  if (published === undefined) return undefined;
  if (published.layout !== LAYOUT) return 'other version';
  const { buffer, settings, row, samples } = published;
  return { arena: new Arena(buffer), settings: { ...settings, ...TOOLS }, parent: row, samples };
}

/** Who wants to know of the ends of workers; there is one listener of the process for all. */
const listeners = new Set<(nodeId: number) => void>();

function started(worker: Worker): void {
  // After its end, a worker has no number any more.
  const nodeId = worker.threadId;
  const told = [...listeners];
  worker.once('exit', () => {
    for (const ended of told) ended(nodeId);
  });
}

/**
 * Calls `ended` with the number of each worker that this thread starts from now on, when it has ended. Returns what
 * stops it, for workers that are started later: Node.js tells of one in the tick after its construction, so those of
 * this very tick are missed too, and their memory is not used again.
 */
export function onWorkerEnd(ended: (nodeId: number) => void): () => void {
  const process: EventEmitter | undefined = globalThis.process;
  if (workerThreads() === undefined || process === undefined) return () => {};
  if (listeners.size === 0) process.on('worker', started);
  listeners.add(ended);
  return () => {
    if (listeners.delete(ended) && listeners.size === 0) process.off('worker', started);
  };
}
