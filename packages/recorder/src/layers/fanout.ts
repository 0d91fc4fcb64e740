import { checkRecorder, OptionCheck, type Recorder } from '@ostinato/core';
import type { Choice } from './forwarding.ts';

export interface FanoutLayer {
  readonly layer: 'fanout';
  readonly to: readonly Recorder[];
}

/**
 * Gives all that passes to these recorders too, besides what stands behind this layer. Works in the thread that makes it,
 * not in workers. Throws `OSTINATO_INVALID_RECORDER`.
 *
 * ```ts
 * createRecorder({ layers: [fanout(new DebuggingRecorder())] });
 * ```
 */
export function fanout(...to: readonly Recorder[]): FanoutLayer {
  if (to.length === 0)
    throw new OptionCheck('fanout').error('at least one recorder is needed, none was given');
  for (const recorder of to) checkRecorder('fanout', recorder);
  return Object.freeze({ layer: 'fanout', to: Object.freeze([...to]) });
}

export function applyFanout({ to }: FanoutLayer, next: Recorder): Choice {
  const all = [next, ...to];
  return () => all;
}
