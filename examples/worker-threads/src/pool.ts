import { Worker } from 'node:worker_threads';
import { defineCounter } from 'ostinato';
import type { Job } from './worker.ts';

const crashes = defineCounter('workers.crashed', { description: 'Workers that an image brought down.' });

/** Works on all jobs, at most `size` at a time. Gives the digests; that of an image that crashed its worker is missing. */
export async function workOn(jobs: readonly Job[], size: number): Promise<string[]> {
  const queue = [...jobs];
  const digests: string[] = [];
  await Promise.all(Array.from({ length: size }, () => employ(queue, digests)));
  return digests;
}

/** One worker after the other, until the queue is empty: one that crashed is replaced. */
async function employ(queue: Job[], digests: string[]): Promise<void> {
  while (queue.length > 0) {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    const next = (): void => {
      const job = queue.shift();
      if (job === undefined) void worker.terminate();
      else worker.postMessage(job);
    };
    worker.on('message', (digest: string) => {
      digests.push(digest);
      next();
    });
    worker.on('error', () => crashes.increment());
    next();
    await new Promise((resolve) => worker.once('exit', resolve));
  }
}
