import type { FastifyInstance } from 'fastify';
import { start } from 'ostinato';
import type { Tally } from './tally.ts';
import { startTracing } from './tracing.ts';

/** What a service tells the process that forked it, if there is one. */
export type Message =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'tally'; readonly tally: Tally };

const TALLY_MILLIS = 200;

/**
 * Runs one service in this process until Ctrl-C, SIGTERM, or, if it was forked, until its parent says so. It stops in
 * order: no new requests, the running ones to their end, and then the last metrics.
 */
export async function runService(
  name: string,
  app: FastifyInstance,
  port: number,
  tally: Tally,
): Promise<void> {
  // All it takes: OTEL_EXPORTER_OTLP_ENDPOINT and the other OTEL_* variables say the rest.
  const metrics = start({ serviceName: name });
  const endTracing = startTracing(name);
  const tell = (message: Message) => process.send?.(message);

  try {
    const url = await app.listen({ port, host: '127.0.0.1' });
    console.log(`${name} listens on ${url}`);
    tell({ kind: 'listening', url });
  } catch (error) {
    console.error(`${name} cannot listen on port ${port}: ${(error as Error).message}`);
    await metrics.shutdown().catch(() => {});
    process.exit(1);
  }
  const telling = setInterval(() => tell({ kind: 'tally', tally }), TALLY_MILLIS);
  telling.unref();

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await app.close();
    await Promise.all([
      // Spans that are lost are no failure.
      endTracing().catch((error) => console.error(`${name}: ${error.message}`)),
      metrics.shutdown().catch((error) => {
        console.error(`${name}: ${error.message}`);
        process.exitCode = 1;
      }),
    ]);
    clearInterval(telling);
    tell({ kind: 'tally', tally });
    if (process.connected) process.disconnect();
  };

  if (process.send === undefined) {
    process.once('SIGINT', stop);
  } else {
    // A terminal sends Ctrl-C to the whole group: who forked this decides what stops first.
    process.on('SIGINT', () => {});
    process.once('message', stop);
    process.once('disconnect', stop);
  }
  process.once('SIGTERM', stop);
}
