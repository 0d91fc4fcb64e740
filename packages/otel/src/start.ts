import { diag, metrics } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { setGlobalRecorder } from '@ostinato/core';
import { defaultDirectory, OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder, type ExemplarFilter, type RecorderOptions } from '@ostinato/recorder';
import { follow } from './active-span.ts';
import { watchActivity } from './activity.ts';
import { ensureDiagLogger, registered, reportToDiag } from './diagnostics.ts';
import { readSettings } from './environment.ts';
import { type GuardedExporter, guardExporter } from './guarded-exporter.ts';
import {
  checkStartOptions,
  isExporter,
  isObject,
  type StartExporterOptions,
  type StartOptions,
} from './options.ts';
import { type Ending, onProcessEnd } from './process-end.ts';
import { metricCollector } from './producer.ts';
import { recorderMetrics } from './recorder-metrics.ts';
import { detectResource, stringAttribute } from './resource.ts';
import { makeStoppable, type Parts, type Running, type Stoppable } from './running.ts';
import { temporalityOf } from './temporality.ts';
import { publishTraceLabels } from './worker-trace-labels.ts';

const DEFAULT_INTERVAL_MILLIS = 5_000;
const DEFAULT_TIMEOUT_MILLIS = 30_000;
const DEFAULT_ACCEPT_MILLIS = 1_000;
const DEFAULT_FLUSH_MILLIS = 5_000;
/** What a flush may take beyond the exporter's own limit: the end of a running export, and writing the log. */
const MARGIN_MILLIS = 5_000;

/** Shared by all copies of this package in a process: its ESM and its CommonJS build start one SDK. */
const SLOT = Symbol.for('ostinato.otel.start.v1');
const holder = globalThis as { [SLOT]?: Stoppable | undefined };

/**
 * Starts metrics in one line: a recorder that all handles record to, exported over OTLP/gRPC every five seconds, and
 * kept in a log on disk (`$XDG_STATE_HOME/ostinato/<service>`, by default below `~/.local/state`) while the collector
 * is away.
 *
 * ```ts
 * const sdk = start({ serviceName: 'orders' });
 * ```
 *
 * `OTEL_*` variables are honoured, options beat them. A second call warns and returns what runs already. Unless
 * another MeterProvider is registered globally, `meterProvider` is, so that libraries which measure with the
 * OpenTelemetry API are exported too. With `OTEL_SDK_DISABLED=true` nothing is recorded or exported; with
 * `OTEL_METRICS_EXPORTER=none` nothing is exported.
 *
 * Throws `OstinatoError` (code `OSTINATO_INVALID_OPTION`) with what was given and what is allowed, and
 * `RecorderAlreadyInstalledError` while a recorder is installed that `start()` did not install; nothing runs then.
 */
export function start(options: StartOptions = {}): Running {
  checkStartOptions(options);
  const existing = holder[SLOT];
  if (existing?.stopping() === false) {
    diag.warn('start() was called again: the SDK runs already, and the options of this call are ignored');
    return existing.running;
  }
  existing?.release();

  const undo: (() => void)[] = [];
  try {
    const parts = assemble(options, undo);
    const stoppable = makeStoppable(parts, undo);
    const { running } = stoppable;
    if (options.signals !== false && parts.exporter !== undefined) {
      undo.push(onProcessEnd(endingOf(running, parts)));
    }
    holder[SLOT] = stoppable;
    undo.push(() => {
      holder[SLOT] = undefined;
    });
    return running;
  } catch (error) {
    for (const step of undo.reverse()) {
      step();
    }
    throw error;
  }
}

function assemble(options: StartOptions, undo: (() => void)[]): Parts {
  undo.push(ensureDiagLogger(process.env));
  undo.push(reportToDiag());
  const settings = readSettings(process.env);

  const { traceLabels = {} } = options;
  if (!settings.disabled) {
    const traces = follow(traceLabels);
    undo.push(() => traces[Symbol.dispose](), publishTraceLabels(traceLabels));
  }
  const recorder = createRecorder(withFilter(options.recorder, settings.exemplars));
  if (settings.disabled) {
    return { recorder, meterProvider: new MeterProvider(), patienceMillis: 0 };
  }
  const installation = setGlobalRecorder(recorder);
  undo.push(() => installation.uninstall());

  const resource = detectResource(options);
  if (settings.exporter === 'none' && options.exporter === undefined) {
    const meterProvider = new MeterProvider({ resource });
    undo.push(registerGlobally(meterProvider));
    return { recorder, meterProvider, patienceMillis: 0 };
  }

  const exportIntervalMillis = options.interval ?? settings.intervalMillis ?? DEFAULT_INTERVAL_MILLIS;
  const exportTimeoutMillis = Math.min(
    settings.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS,
    exportIntervalMillis,
  );
  const given = options.exporter ?? {};
  let isActive: (() => boolean) | undefined;
  const exporter = isExporter(given)
    ? guardExporter(given)
    : guardOwn(
        createExporter(given, serviceOf(resource), exportTimeoutMillis),
        () => exportNow(),
        () => isActive?.() === true,
      );
  const tellOfItself = recorderMetrics(recorder);
  const collectRecorded = metricCollector(recorder, { temporality: temporalityOf(exporter), resource });
  const collect = () => {
    tellOfItself();
    return collectRecorded();
  };
  const exportNow = () => exporter.export(collect().resourceMetrics, () => {});
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    exportTimeoutMillis,
    metricProducers: [{ collect: async () => collect() }],
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  undo.push(registerGlobally(meterProvider));
  const flushMillis = isExporter(given) ? undefined : given.flushMillis;
  return {
    recorder,
    meterProvider,
    exporter,
    patienceMillis: (flushMillis ?? DEFAULT_FLUSH_MILLIS) + MARGIN_MILLIS,
    exportNow,
    expectMore() {
      isActive = watchActivity(recorder);
    },
  };
}

/** The recorder's options, and where these leave it open the filter of the environment; what is no object is refused there. */
function withFilter(
  given: RecorderOptions | undefined,
  exemplars: ExemplarFilter | undefined,
): RecorderOptions | undefined {
  const isOpen = given === undefined || (isObject(given) && given.exemplars === undefined);
  return exemplars === undefined || !isOpen ? given : { ...given, exemplars };
}

function endingOf(running: Running, { exportNow, expectMore }: Parts): Ending {
  const ending: Ending = {
    flush: running.forceFlush,
    async shutdown() {
      // Why it failed was said by then: afterwards there may be no logger any more.
      await running.shutdown().catch(() => {});
    },
    shutdownUnderLoad() {
      expectMore?.();
      return ending.shutdown();
    },
    finishNow() {
      try {
        exportNow?.();
      } catch (error) {
        diag.error('the last metrics could not be exported at exit', error);
      }
    },
  };
  return ending;
}

/**
 * Where the last flush was in vain it may have waited for seconds: what was recorded meanwhile goes the same way,
 * which is to the log. Where it was not, but others went on recording, there is no end to what comes while an answer is
 * waited for: the log takes it at once.
 */
function guardOwn(
  exporter: OtlpMetricExporter,
  exportRest: () => void,
  isActive: () => boolean,
): GuardedExporter {
  return guardExporter(exporter, true, () => {
    const { account, log } = exporter.status();
    // What is queued after the flush is what no log takes.
    if (log !== undefined && account.queued === 0 && isActive()) {
      exportRest();
      exporter.shutdownSync();
    } else if (account.logged + account.queued > 0) {
      exportRest();
    }
  });
}

/** The exporter, with a log in a directory of the service, and calling back before the reader gives it up. */
function createExporter(
  { fallback, ...options }: StartExporterOptions,
  service: string,
  exportTimeoutMillis: number,
): OtlpMetricExporter {
  const { acceptMillis = DEFAULT_ACCEPT_MILLIS } = options;
  const longest = Math.max(1, exportTimeoutMillis / 2);
  const rest = { ...options, acceptMillis: acceptMillis > longest ? longest : acceptMillis };
  if (fallback === false) {
    return new OtlpMetricExporter({ ...rest, fallback });
  }
  if (fallback?.directory !== undefined) {
    return new OtlpMetricExporter({ ...rest, fallback: { ...fallback, directory: fallback.directory } });
  }
  // Nobody asked for this directory: that it cannot be used is no reason not to start.
  try {
    return new OtlpMetricExporter({
      ...rest,
      fallback: { ...fallback, directory: defaultDirectory(service) },
    });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code === 'OSTINATO_INVALID_OPTION') {
      throw error;
    }
    diag.warn(`there is no fallback log (set exporter.fallback.directory, or false): ${message}`);
    return new OtlpMetricExporter({ ...rest, fallback: false });
  }
}

function serviceOf(resource: Resource): string {
  return stringAttribute(resource, 'service.name') ?? 'unknown_service';
}

function registerGlobally(meterProvider: MeterProvider): () => void {
  if (registered('metrics') !== undefined || !metrics.setGlobalMeterProvider(meterProvider)) {
    return () => {};
  }
  return () => {
    if (registered('metrics') === meterProvider) {
      metrics.disable();
    }
  };
}
