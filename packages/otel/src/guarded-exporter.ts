import { diag } from '@opentelemetry/api';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';

/**
 * An exporter whose flush and shutdown may be relied on. A stock reader that shuts down awaits `forceFlush` before
 * it calls `shutdown`, and never does if the flush rejects; and whoever gave up waiting for the reader cannot know
 * whether it did.
 */
export interface GuardedExporter extends PushMetricExporter {
  /** Never rejects: a failure goes to diag. */
  forceFlush(): Promise<void>;
  /** Shuts the exporter down once, however often it is called. A failure rejects, and goes to diag too. */
  shutdown(): Promise<void>;
}

/**
 * With `speaks` the exporter says itself, once, what is wrong: it need not be said here, and its results are kept from
 * the reader, which would have OpenTelemetry's error handler print a stack for every export that failed.
 * `exportRest` exports what was recorded while the last flush waited: the reader shuts down without another collection.
 */
export function guardExporter(
  exporter: PushMetricExporter,
  speaks = false,
  exportRest: () => void = () => {},
): GuardedExporter {
  let shutdown: Promise<void> | undefined;
  const guarded: GuardedExporter = {
    export(metrics, callback) {
      const answer = speaks ? () => callback({ code: 0 }) : callback;
      const work: unknown = exporter.export(metrics, answer);
      // An async method that throws gives a rejection, which nobody waits for and which would end the process.
      Promise.resolve(work).catch((error) => answer({ code: 1, error }));
    },
    async forceFlush() {
      try {
        await exporter.forceFlush();
      } catch (error) {
        diag.error('the exporter failed to flush', error);
      }
    },
    shutdown() {
      if (shutdown === undefined) {
        shutdown = (async () => {
          exportRest();
          await exporter.shutdown();
        })();
        shutdown.catch((error) => {
          if (!speaks) {
            diag.error('the exporter failed to shut down', error);
          }
        });
      }
      return shutdown;
    },
  };
  if (exporter.selectAggregation !== undefined) {
    guarded.selectAggregation = exporter.selectAggregation.bind(exporter);
  }
  if (exporter.selectAggregationTemporality !== undefined) {
    guarded.selectAggregationTemporality = exporter.selectAggregationTemporality.bind(exporter);
  }
  return guarded;
}
