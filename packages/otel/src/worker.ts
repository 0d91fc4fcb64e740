/**
 * `import '@ostinato/otel/worker'`: `followTraces()` in a worker thread, with the labels that `start()` was given in the
 * thread that started it, and without the rest of this package.
 */
import { follow } from './active-span.ts';
import { inheritedTraceLabels } from './worker-trace-labels.ts';

follow(inheritedTraceLabels());
