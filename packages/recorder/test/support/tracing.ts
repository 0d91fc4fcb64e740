import { type ActiveSpan, setTraceContext } from '@ostinato/core';

/** The number as the id of a trace and, beginning with 1, of a span. */
export function spanOf(id: number, sampled = true): ActiveSpan {
  return {
    traceId: id.toString(16).padStart(32, '0'),
    spanId: (id + 0x1000_0000_0000).toString(16).padStart(16, '0'),
    sampled,
  };
}

/** Tracing whose active span a test sets. */
export class Tracing implements Disposable {
  active: ActiveSpan | undefined = undefined;
  /** Whether there may be spans. */
  begun = true;
  /** How often the span was looked for. */
  looks = 0;
  readonly #set: Disposable;

  constructor() {
    this.#set = setTraceContext({
      activeSpan: () => {
        this.looks++;
        return this.active;
      },
      isTracing: () => this.begun,
    });
  }

  [Symbol.dispose](): void {
    this.#set[Symbol.dispose]();
  }
}

/** Numbers that look random, the same each time (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
