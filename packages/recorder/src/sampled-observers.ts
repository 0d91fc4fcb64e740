import type { Key, Meta, ObservedKind, Recorder } from '@ostinato/core';
import { Observers } from './observers.ts';

/** Milliseconds. */
const PERIOD = 1_000;

/** What there is to be called by, in a thread. */
export interface ThreadEvents {
  setInterval(callback: () => void, millis: number): { unref?(): unknown };
  clearInterval(timer: object): void;
  /** Tells when the thread ends by itself. */
  readonly process?: {
    on(event: 'exit', listener: () => void): unknown;
    off(event: 'exit', listener: () => void): unknown;
  };
}

/**
 * The observed values of a thread that is not the one that reads. That one can only find what is in memory, so the
 * callbacks are called once a second, by a timer that keeps no thread alive, and once more when the thread ends by
 * itself. While the thread is busy, what is found is as old as that takes.
 */
export class SampledObservers extends Observers {
  readonly #events: ThreadEvents;
  #timer: { unref?(): unknown } | undefined;
  readonly #sample = () => this.read();

  constructor(recorder: Recorder, events: ThreadEvents = globalThis as unknown as ThreadEvents) {
    super(recorder);
    this.#events = events;
  }

  override add(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const end = super.add(kind, key, meta, read);
    if (this.#timer === undefined) {
      this.#timer = this.#events.setInterval(this.#sample, PERIOD);
      this.#timer.unref?.();
      this.#events.process?.on('exit', this.#sample);
    }
    return () => {
      end();
      if (this.size > 0 || this.#timer === undefined) return;
      this.#events.clearInterval(this.#timer);
      this.#timer = undefined;
      this.#events.process?.off('exit', this.#sample);
    };
  }
}
