/// <reference lib="esnext.disposable" preserve="true" />
import { tellDescriptions } from './describe.ts';
import { OstinatoError, RecorderAlreadyInstalledError } from './errors.ts';
import { beginObserving, endObserving } from './observe.ts';
import type { Recorder } from './recorder.ts';
import { nextEpoch, sharedState } from './state.ts';
import { quote } from './text.ts';

/** A recorder's place as the global one. */
export interface Installation extends Disposable {
  /** Takes the recorder out. Handles record nothing until another one is installed. Further calls do nothing. */
  uninstall(): void;
}

const state = sharedState();
const METHODS = ['describe', 'counter', 'gauge', 'histogram', 'refused'] as const;

/** Throws `OSTINATO_INVALID_RECORDER` unless `value` has a recorder's methods. */
export function checkRecorder(where: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw invalid(where, `got ${quote(value)}`);
  const methods: { readonly [name: string]: unknown } = value as never;
  const missing = METHODS.filter((name) => typeof methods[name] !== 'function');
  if (missing.length > 0) throw invalid(where, `it has no ${missing.join('(), no ')}()`);
  for (const name of ['observe', 'now', 'installed', 'uninstalled']) {
    if (methods[name] === undefined || typeof methods[name] === 'function') continue;
    throw invalid(where, `its ${name} is no function`);
  }
}

function invalid(where: string, problem: string): OstinatoError {
  return new OstinatoError(
    'OSTINATO_INVALID_RECORDER',
    `${where}: a recorder is needed, such as createRecorder() of @ostinato/recorder gives; ${problem}.`,
  );
}

/**
 * Makes `recorder` the one that all handles of this thread record to, those made before included. Throws
 * `RecorderAlreadyInstalledError` while another is installed (or the same), and `OstinatoError` with code
 * `OSTINATO_INVALID_RECORDER` if it is none.
 */
export function setGlobalRecorder(recorder: Recorder): Installation {
  checkRecorder('setGlobalRecorder', recorder);
  if (state.recorder !== undefined) throw new RecorderAlreadyInstalledError(recorder);
  tellDescriptions(recorder);
  const { slots } = recorder;
  if (slots !== undefined && state.usual.slots !== slots) state.usual.slots = slots;
  const installation: Installation = {
    uninstall() {
      if (state.installation !== installation) return;
      state.recorder = undefined;
      state.installation = undefined;
      nextEpoch();
      // It may be many megabytes; and is a constant no more, which matters to who installs another only.
      if (state.usual.slots !== undefined) state.usual.slots = undefined;
      endObserving();
      recorder.uninstalled?.();
    },
    [Symbol.dispose]() {
      installation.uninstall();
    },
  };
  state.recorder = recorder;
  state.installation = installation;
  nextEpoch();
  recorder.installed?.();
  beginObserving(recorder);
  return installation;
}

/** The recorder that is installed in this thread, if there is one. */
export function globalRecorder(): Recorder | undefined {
  return state.recorder;
}
