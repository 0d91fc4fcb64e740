import { diag } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { AtomicRecorder } from '@ostinato/recorder';
import type { GuardedExporter } from './guarded-exporter.ts';

/** What `start()` started. */
export interface Running {
  /** Every handle records to it. */
  readonly recorder: AtomicRecorder;
  /** For instruments of OpenTelemetry, exported along with what the recorder has. */
  readonly meterProvider: MeterProvider;
  /** Collects and delivers, or writes to the fallback log what cannot be delivered now. Never rejects. */
  readonly forceFlush: () => Promise<void>;
  /**
   * Flushes a last time and lets go of everything: recorder, providers, process listeners; `start()` then starts
   * anew. Further calls get the same promise. It rejects only for data points lost, after all is done.
   */
  readonly shutdown: () => Promise<void>;
}

/** What `start()` keeps to itself of it. */
export interface Stoppable {
  readonly running: Running;
  /** Whether `shutdown` was called. */
  readonly stopping: () => boolean;
  /** Gives back what is global, newest first. Further calls do nothing. */
  readonly release: () => void;
}

export interface Parts {
  readonly recorder: AtomicRecorder;
  readonly meterProvider: MeterProvider;
  /** Absent where nothing is exported. */
  readonly exporter?: GuardedExporter;
  /** How long a flush, or the exporter's shutdown, may take before it is left to itself. */
  readonly patienceMillis: number;
  /** Collects and hands the result to the exporter, without waiting for anything. */
  readonly exportNow?: () => void;
  /** Said before a shutdown during which others go on recording. */
  readonly expectMore?: () => void;
}

/** `undo` is emptied, and each of its steps run, when all has ended. */
export function makeStoppable(parts: Parts, undo: (() => void)[]): Stoppable {
  const { recorder, meterProvider, exporter, patienceMillis } = parts;
  let stopped: Promise<void> | undefined;
  const release = (): void => {
    for (const step of undo.splice(0).reverse()) {
      step();
    }
  };
  const stop = async (): Promise<void> => {
    try {
      // What the exporter's shutdown rejects with comes again, below.
      await patiently('the last flush', patienceMillis, meterProvider.shutdown()).catch(() => {});
      await patiently("the exporter's shutdown", patienceMillis, exporter?.shutdown());
    } finally {
      release();
    }
  };
  const running: Running = {
    recorder,
    meterProvider,
    async forceFlush() {
      if (stopped === undefined) {
        await patiently('a flush', patienceMillis, meterProvider.forceFlush());
      } else {
        await stopped.catch(() => {});
      }
    },
    shutdown() {
      stopped ??= stop();
      return stopped;
    },
  };
  return { running, stopping: () => stopped !== undefined, release };
}

/** Waits for work, but not for ever; meanwhile the process stays alive. */
async function patiently(what: string, millis: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      diag.warn(`${what} took longer than ${millis} ms and is not waited for`);
      resolve();
    }, millis);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
