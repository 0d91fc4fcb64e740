import type { Key, Meta, ObservedKind, Recorder } from '@ostinato/core';

interface Observer {
  readonly kind: ObservedKind;
  readonly key: Key;
  readonly meta: Meta;
  readonly read: () => number | undefined;
}

/**
 * The values of one thread that callbacks give. What a callback returns is recorded as if it were set on a handle, so
 * limits, layers and overflow apply to it.
 */
export class Observers {
  readonly #recorder: Recorder;
  readonly #all = new Set<Observer>();
  #reading = false;

  /** `recorder` is asked for the cells. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Returns what ends it. */
  add(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const observer: Observer = { kind, key, meta, read };
    this.#all.add(observer);
    // The series begins now: its first point covers the time from here on.
    this.#recorder[kind](key, meta);
    return () => {
      this.#all.delete(observer);
    };
  }

  /**
   * Calls each callback once, in the order in which they were added. Callbacks may do what they like: those that one
   * adds are for the next time, those that it ends are not called, and to read again meanwhile has no effect.
   */
  read(): void {
    if (this.#reading || this.#all.size === 0) return;
    this.#reading = true;
    try {
      for (const observer of [...this.#all]) {
        if (this.#all.has(observer)) this.#record(observer);
      }
    } finally {
      this.#reading = false;
    }
  }

  /** The cell is asked for each time: it may have been revoked, or another one since layers changed. */
  #record({ kind, key, meta, read }: Observer): void {
    const value = read();
    if (value === undefined) return;
    if (kind === 'gauge') this.#recorder.gauge(key, meta).sink.set(value);
    else this.#recorder.counter(key, meta).sink.absolute(value);
  }
}
