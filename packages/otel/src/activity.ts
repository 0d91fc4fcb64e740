import type { Snapshot } from '@ostinato/core';
import type { ReadableRecorder } from './producer.ts';
import { RECORDER_SCOPE } from './recorder-metrics.ts';

/** What we tell of ourselves changes with each export. */
const OWN_SCOPES: ReadonlySet<string> = new Set(['@ostinato/otlp', RECORDER_SCOPE]);
const AT_A_TIME = 1024;

/**
 * From now on: returns what says whether anything was recorded since it was last asked, in whatever thread. Reads all series; where
 * they cannot be read, there may have been something. Never throws.
 */
export function watchActivity(recorder: ReadableRecorder): () => boolean {
  let reader: ReturnType<ReadableRecorder['reader']> | undefined;
  const isActive = (): boolean => {
    try {
      reader ??= recorder.reader({ temporality: 'delta' });
      return hasNews(reader.collect());
    } catch {
      return true;
    }
  };
  isActive();
  return isActive;
}

/** Of all but ourselves. Reads it to its end. */
function hasNews({ scopes }: Snapshot): boolean {
  let found = false;
  for (const snapshot of scopes) {
    const isOwn = OWN_SCOPES.has(snapshot.scope.name);
    for (const run of snapshot.chunks(AT_A_TIME)) {
      for (const _ of run) found ||= !isOwn;
    }
  }
  return found;
}
