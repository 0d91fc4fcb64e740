import type { FastifyInstance } from 'fastify';

/**
 * Makes `app.close()` wait for work in progress, also if the customer hung up: fastify itself waits for connections.
 * Returns a function that every piece of work goes through.
 */
export function finishOnClose(app: FastifyInstance): <T>(work: () => Promise<T>) => Promise<T> {
  const running = new Set<Promise<unknown>>();
  app.addHook('onClose', async () => {
    await Promise.allSettled(running);
  });
  return async (work) => {
    const done = work();
    running.add(done);
    try {
      return await done;
    } finally {
      running.delete(done);
    }
  };
}
