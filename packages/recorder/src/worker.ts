import { globalRecorder, OstinatoError, report, setGlobalRecorder } from '@ostinato/core';
import type { Arena } from './arena/arena.ts';
import { LAYERS_REPORTED, THREAD_ROWS } from './arena/layout.ts';
import { ThreadTable } from './arena/thread-table.ts';
import { reportLayersOfOneThread } from './layers/given.ts';
import type { Settings } from './options.ts';
import { WorkerSamples } from './read/samples.ts';
import { SampledObservers } from './sampled-observers.ts';
import { ThreadRecorder } from './thread-recorder.ts';
import { inherited, threadId } from './worker-threads.ts';

/** What came of `attachWorker`. */
export type Attachment =
  /** The thread records where the thread that started it does. */
  | 'attached'
  /** This thread has a recorder already, which stays: its own, or this was called before. */
  | 'has a recorder'
  /** The thread that started this one had no recorder installed then; also in the main thread. */
  | 'nothing published'
  /** That thread has another version of this package. Reported too. */
  | 'other version'
  /** Too many threads record at once. Reported too. */
  | 'too many threads';

/**
 * In a worker thread: from now on its handles, those made before included, record into the recorder that was
 * installed in the thread that started it (or that thread's starter, and so on) when it did. Does nothing where
 * there is no such recorder, or where one is installed already. Never throws.
 */
export function attachWorker(): Attachment {
  if (globalRecorder() !== undefined) return 'has a recorder';
  const found = inherited();
  if (found === undefined) return 'nothing published';
  if (found === 'other version') {
    report('OSTINATO_WORKER', 'version', () => {
      return 'This worker thread has another version of @ostinato/recorder than the thread that started it: what it records is lost. Install one version.';
    });
    return found;
  }
  const { arena, settings, parent, samples } = found;
  const row = new ThreadTable(arena).claim(threadId(), parent);
  if (row === undefined) {
    report('OSTINATO_WORKER', 'rows', () => {
      return `More than ${THREAD_ROWS - 1} threads would record at once, or have since the last collection: what this one records is lost.`;
    });
    return 'too many threads';
  }
  if (Atomics.exchange(arena.words, LAYERS_REPORTED, 1) === 0) reportLayersOfOneThread(settings.layers);
  setGlobalRecorder(new WorkerRecorder(arena, row, settings, samples));
  return 'attached';
}

/** How often a worker thread looks whether the filter was changed and series are to expire, in milliseconds. */
const LOOK_MILLIS = 100;

/** The recorder of a worker thread. It is read in the thread that made the recorder. */
export class WorkerRecorder extends ThreadRecorder {
  #looking: NodeJS.Timeout | undefined;

  constructor(arena: Arena, row: number, settings: Settings, samples?: SharedArrayBuffer) {
    super(arena, row, settings, SampledObservers);
    if (samples !== undefined) this.sampleTo(new WorkerSamples(arena, samples));
  }

  override installed(): void {
    super.installed();
    // Not for the sake of this does a thread stay alive.
    this.#looking = setInterval(() => this.#look(), LOOK_MILLIS).unref();
  }

  override uninstalled(): void {
    super.uninstalled();
    clearInterval(this.#looking);
  }

  #look(): void {
    this.layers.refresh();
    this.#answer();
  }

  #answer(): void {
    if (!this.registry.answer()) setTimeout(() => this.#answer(), 0).unref();
  }

  /** Throws `OSTINATO_NOT_THE_READER`: an arena has one thread that reads. */
  reader(): never {
    throw new OstinatoError(
      'OSTINATO_NOT_THE_READER',
      'recorder: a worker thread cannot read what it records; call reader() in the thread that called createRecorder().',
    );
  }
}
