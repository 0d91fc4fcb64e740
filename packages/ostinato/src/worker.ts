/**
 * `import 'ostinato/worker'` in a worker thread, or `node --import ostinato/worker`: from then on what the thread's
 * handles record goes into the recorder that is installed in the thread that started it, such as `start()` installs,
 * with exemplars of the spans that are active there.
 * Harmless where there is none, and in the main thread.
 */
import '@ostinato/otel/worker';
import { type Attachment, attachWorker } from '@ostinato/recorder';

/** What the import came to, for those who ask. */
export const attachment: Attachment = attachWorker();
