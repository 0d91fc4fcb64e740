export type { Clock } from './clock.ts';
export type { ReaderTemporality, RecorderOptions } from './options.ts';
export type { Reader } from './read/reader.ts';
export { type AtomicRecorder, createRecorder } from './recorder.ts';
