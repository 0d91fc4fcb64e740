import { newAsyncScope } from './async-scope.ts';
import { tellDescriptions } from './describe.ts';
import { checkRecorder } from './global.ts';
import type { Recorder } from './recorder.ts';
import { CLOSED, sharedState } from './state.ts';

const state = sharedState();

/**
 * Calls `fn` with `recorder` in place of the global one: in all that `fn` calls and awaits, also after it returned.
 * Scopes nest. For tests and tools: from the first call on, every record in this thread costs a few nanoseconds more.
 * Where there is no AsyncLocalStorage (browsers), the scope ends when `fn` returns.
 *
 * ```ts
 * await withLocalRecorder(recorder, async () => {
 *   counter('orders').increment();
 * });
 * ```
 */
export function withLocalRecorder<T>(recorder: Recorder, fn: () => T): T {
  checkRecorder('withLocalRecorder', recorder);
  tellDescriptions(recorder);
  // For good: whether a continuation of a scope is still to come cannot be known.
  state.gate = CLOSED;
  state.counted = CLOSED;
  state.locals ??= newAsyncScope();
  return state.locals.run(recorder, fn);
}
