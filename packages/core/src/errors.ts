import type { Recorder } from './recorder.ts';

/**
 * What Ostinato throws at set-up. The message says what was given, what is allowed and what to do; `code` is
 * stable. Compare `code` and never use `instanceof`: a process may hold two copies of a package.
 */
export class OstinatoError extends Error {
  override readonly name: string = 'OstinatoError';
  /** Such as `OSTINATO_INVALID_OPTION`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `setGlobalRecorder` was called while a recorder is installed. Its code: `OSTINATO_RECORDER_ALREADY_INSTALLED`. */
export class RecorderAlreadyInstalledError extends OstinatoError {
  override readonly name: string = 'RecorderAlreadyInstalledError';
  /** The recorder that was given and not installed. */
  readonly recorder: Recorder;

  constructor(recorder: Recorder) {
    super(
      'OSTINATO_RECORDER_ALREADY_INSTALLED',
      'setGlobalRecorder: a recorder is already installed in this thread. Call uninstall() on its installation ' +
        'first, or use withLocalRecorder in tests and tools.',
    );
    this.recorder = recorder;
  }
}
