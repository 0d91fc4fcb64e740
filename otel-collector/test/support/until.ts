import { setTimeout as delay } from 'node:timers/promises';

/** For what other processes do and nobody tells; however long it takes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
