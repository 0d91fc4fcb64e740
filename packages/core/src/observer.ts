import { codeOf, EXPLAINED, type Problem, whyNotFinite, whyNotPositive } from './handle.ts';
import type { ObservedKind, Recorder, RefusalReason } from './recorder.ts';
import { report } from './report.ts';
import type { Definition } from './state.ts';
import { quote } from './text.ts';

/** Milliseconds that a callback may take. */
const SLOW = 100;
/** A slow callback is not called again for so many times as long as it took. */
const REST = 10;

/**
 * A callback as a recorder reads it: whatever the callback does, `read` gives a valid number, or it gives nothing and
 * the recorder was told why.
 *
 * What a callback blocks nobody can interrupt. One that takes long is reported, and then rests: all collections
 * together give it no more than a tenth of the time.
 */
export class Observer {
  private readonly recorder: Recorder;
  private readonly kind: ObservedKind;
  private readonly definition: Definition;
  private readonly callback: () => unknown;
  private highest = 0;
  private restsUntil = -Infinity;

  constructor(recorder: Recorder, kind: ObservedKind, definition: Definition, callback: () => unknown) {
    this.recorder = recorder;
    this.kind = kind;
    this.definition = definition;
    this.callback = callback;
  }

  read(): number | undefined {
    const { callback } = this;
    const start = this.now();
    if (start < this.restsUntil) return undefined;
    let value: unknown;
    try {
      value = callback();
      if (typeof value !== 'number') ignoreRejection(value);
    } catch (error) {
      this.refuse('callback', `the callback threw ${messageOf(error)}`);
      return undefined;
    } finally {
      this.timed(this.now() - start);
    }
    const problem = this.kind === 'gauge' ? whyNotFinite(value) : whyNotPositive(value);
    if (problem === undefined) return this.checked(value as number);
    this.refuse(problem, `the callback returned ${quote(value)}: ${EXPLAINED[problem]}`);
    return undefined;
  }

  /** A total that goes down has no effect, as with `absolute`; nobody would notice. */
  private checked(value: number): number {
    if (this.kind === 'counter') {
      if (value < this.highest) this.report('OSTINATO_TOTAL_WENT_DOWN', WENT_DOWN);
      else this.highest = value;
    }
    return value;
  }

  private timed(millis: number): void {
    if (millis <= SLOW) return;
    this.restsUntil = this.now() + REST * millis;
    this.report('OSTINATO_SLOW_CALLBACK', `the callback took ${Math.round(millis)} ms. ${RESTS}`);
  }

  private refuse(reason: RefusalReason & (Problem | 'callback'), what: string): void {
    this.recorder.refused(this.kind, reason);
    this.report(codeOf(reason), `${what}. It is not recorded.`);
  }

  private report(code: string, what: string): void {
    const subject = `observed ${this.kind} ${quote(this.definition.name)}`;
    report(code, subject, `${subject}: ${what}`);
  }

  private now(): number {
    return this.recorder.now?.() ?? performance.now();
  }
}

const WENT_DOWN =
  'the total that the callback returned is lower than before, which has no effect until it is higher again. ' +
  'If it may go down, observe it as a gauge.';
const RESTS =
  'Collections wait for it, so from now on it rests after each call, ten times as long. Let it return a value that is at hand.';

/** An asynchronous callback is refused; that its promise fails too must not end the process. */
function ignoreRejection(value: unknown): void {
  const { then } = (value ?? {}) as { readonly then?: unknown };
  if (typeof then === 'function') then.call(value, undefined, () => {});
}

/** Runs no code but that of the error's own `message`. */
function messageOf(error: unknown): string {
  try {
    const { message } = error as { readonly message: unknown };
    return quote(typeof message === 'string' ? message : error);
  } catch {
    return quote(error);
  }
}
