import type { ReadableRecorder } from './producer.ts';

/** What we tell of ourselves changes with each export. */
const OWN_SCOPES: ReadonlySet<string> = new Set(['@ostinato/otlp', '@ostinato/recorder']);
const AT_A_TIME = 1024;

/** From now on: returns what says whether anything was recorded since it was last asked, in whatever thread. Reads all series. */
export function watchActivity(recorder: ReadableRecorder): () => boolean {
  const reader = recorder.reader({ temporality: 'delta' });
  const look = (): boolean => {
    let active = false;
    for (const snapshot of reader.collect().scopes) {
      const isOwn = OWN_SCOPES.has(snapshot.scope.name);
      for (const run of snapshot.chunks(AT_A_TIME)) {
        for (const _ of run) active ||= !isOwn;
      }
    }
    return active;
  };
  look();
  return look;
}
