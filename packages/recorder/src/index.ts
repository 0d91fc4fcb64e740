export { AtomicBucket, type Draining } from './bucket/atomic-bucket.ts';
export type { Consume } from './bucket/consumer.ts';
export type { AtomicBucketOptions } from './bucket/options.ts';
export type { Clock } from './clock.ts';
export type { ReaderTemporality, RecorderOptions } from './options.ts';
export type { Reader } from './read/reader.ts';
export { type AtomicRecorder, createRecorder } from './recorder.ts';
export { type Attachment, attachWorker } from './worker.ts';
