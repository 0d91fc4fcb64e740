/**
 * `import '@ostinato/otel/worker'`: `followTraces()` in a worker thread, with the labels that `start()` was given in the
 * thread that started it, and without the rest of this package. Does nothing in the main thread.
 */
import { isMainThread } from 'node:worker_threads';
import { follow } from './active-span.ts';
import { inheritedTraceLabels } from './worker-trace-labels.ts';

if (!isMainThread) follow(inheritedTraceLabels());
