/** `import '@ostinato/otel/worker'`: `followTraces()` in a worker thread, without the rest of this package. */
import { followTraces } from './active-span.ts';

followTraces();
