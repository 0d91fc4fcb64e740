import { currentThread, onWorkerEnd } from '../worker-threads.ts';
import type { BucketMemory } from './memory.ts';

/** Held for good: threads may use what was shared when the thread that shared it does so no longer. */
const shared = new Set<BucketMemory>();
let listening = false;

/** From the first call on, the ends of workers that this thread starts are learned of, and of those they started. */
export function listenForWorkers(): void {
  if (listening) return;
  listening = true;
  currentThread();
  onWorkerEnd((nodeId) => {
    for (const memory of shared) memory.releaseThread(nodeId + 1);
  });
}

/** What a worker has claimed of this memory is taken back when it has ended. */
export function releaseAtEndOfWorkers(memory: BucketMemory): void {
  shared.add(memory);
}
