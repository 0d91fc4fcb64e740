import {
  type Cell,
  type CounterSink,
  currentEpoch,
  type GaugeSink,
  type Key,
  type Meta,
  type ObservedKind,
  REVOKED,
  type Recorder,
} from '@ostinato/core';

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

  get size(): number {
    return this.#all.size;
  }

  /** Returns what ends it. */
  add(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const observer = new Observer(this.#recorder, kind, key, meta, read);
    this.#all.add(observer);
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
        if (this.#all.has(observer)) observer.record();
      }
    } finally {
      this.#reading = false;
    }
  }
}

/** One observed value, and its cell: asked for when a handle would ask for it. */
class Observer {
  readonly #recorder: Recorder;
  readonly #kind: ObservedKind;
  readonly #key: Key;
  readonly #meta: Meta;
  readonly #read: () => number | undefined;
  #cell: Cell<CounterSink> | Cell<GaugeSink>;
  #epoch = currentEpoch();

  constructor(recorder: Recorder, kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined) {
    this.#recorder = recorder;
    this.#kind = kind;
    this.#key = key;
    this.#meta = meta;
    this.#read = read;
    // The series begins now: its first point covers the time from here on.
    this.#cell = recorder[kind](key, meta);
  }

  record(): void {
    const value = this.#read();
    if (value === undefined) return;
    const epoch = currentEpoch();
    if (this.#epoch !== epoch || this.#cell.gate === REVOKED) {
      this.#cell = this.#recorder[this.#kind](this.#key, this.#meta);
      this.#epoch = epoch;
    }
    const { sink } = this.#cell;
    if (this.#kind === 'gauge') (sink as GaugeSink).set(value);
    else (sink as CounterSink).absolute(value);
  }
}
