/**
 * `node --import ostinato/register app.js`, or `--require ostinato/register`: metrics without a line of code. Starts what
 * `start()` starts, configured by `OTEL_*` variables; in worker threads, which inherit the flag, it does what
 * `ostinato/worker` does. What cannot be started is said, and the application runs without metrics.
 */
import { isMainThread } from 'node:worker_threads';
import { start } from '@ostinato/otel';
import { attachWorker } from '@ostinato/recorder';

if (isMainThread) {
  try {
    start();
  } catch (error) {
    process.emitWarning(`ostinato/register: metrics are off. ${String((error as Error).message)}`, {
      type: 'OstinatoWarning',
      code: String((error as { code?: unknown }).code),
    });
  }
} else {
  attachWorker();
}
