import { defaultResource, type Resource } from '@opentelemetry/resources';
import type { CollectionResult, MetricProducer, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { OptionCheck, OstinatoError, type Snapshot } from '@ostinato/core';
import type { ReaderTemporality } from '@ostinato/recorder';
import { LazyScopeMetrics } from './lazy-scope-metrics.ts';
import { Names } from './names.ts';
import { readerTemporality, type TemporalityOption } from './temporality.ts';

/** A recorder that can be read, as the one of `createRecorder()` can. */
export interface ReadableRecorder {
  reader(options: { readonly temporality: ReaderTemporality }): { collect(): Snapshot };
}

export interface MetricProducerOptions {
  /** Default `cumulative`. */
  readonly temporality?: TemporalityOption;
  /**
   * Who measured. Only for readers that have no MeterProvider: with one, a stock reader uses the provider's resource
   * and ignores this. Default: the SDK's default resource.
   */
  readonly resource?: Resource;
}

/**
 * Lets an OpenTelemetry reader collect what `recorder` recorded, next to the SDK's own instruments:
 *
 * ```ts
 * new PeriodicExportingMetricReader({ exporter, metricProducers: [metricProducer(recorder)] });
 * ```
 *
 * Views, cardinality limits and the reader's temporality do not reach a producer (the SDK tells it none of them), so
 * `temporality` is given here. Make one producer for each reader: a delta is what changed since **its** previous
 * collection. `collect` never rejects and never waits; an error is in the result's `errors`.
 *
 * In delta temporality, what a foreign exporter was handed and then lost is lost: a producer learns no result.
 *
 * @throws OstinatoError `OSTINATO_INVALID_RECORDER` for what is no recorder, `OSTINATO_INVALID_OPTION` for an option
 * that is not known or not valid.
 */
export function metricProducer(
  recorder: ReadableRecorder,
  options: MetricProducerOptions = {},
): MetricProducer {
  if (typeof (recorder as Partial<ReadableRecorder> | undefined)?.reader !== 'function') {
    throw new OstinatoError(
      'OSTINATO_INVALID_RECORDER',
      'metricProducer: the first argument must be a recorder that can be read, as createRecorder() gives it.',
    );
  }
  new OptionCheck('metricProducer').object<MetricProducerOptions>(options, ['temporality', 'resource']);
  const collect = metricCollector(recorder, options);
  return {
    collect: async () => collect(),
  };
}

/** The same for those who cannot wait: what it returns collects at once, and never throws. */
export function metricCollector(
  recorder: ReadableRecorder,
  options: MetricProducerOptions,
): () => CollectionResult {
  const reader = recorder.reader({ temporality: readerTemporality(options.temporality) });
  const resource = options.resource ?? defaultResource();
  const names = new Names();
  return () => collect(reader, resource, names);
}

function collect(reader: { collect(): Snapshot }, resource: Resource, names: Names): CollectionResult {
  try {
    const snapshot = reader.collect();
    names.look(snapshot.scopes);
    const scopes = snapshot.scopes.map((scope) => new LazyScopeMetrics(scope));
    return { resourceMetrics: lazyResourceMetrics(resource, scopes), errors: [] };
  } catch (error) {
    // Readers look at an error's name, so it has to be an object.
    const cause = typeof error === 'object' && error !== null ? error : new Error(String(error));
    return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [cause] };
  }
}

/**
 * A stock reader looks at `scopeMetrics` when every producer has answered, and exports in the same turn of the event
 * loop. Who has not read the series or taken the snapshot by the end of that turn is keeping them for later (an
 * in-memory exporter, say), and is given the values of now rather than those of then. A result that no reader
 * looks at, because another producer failed, stays unread, and a delta reader gives it to the next collection.
 */
function lazyResourceMetrics(resource: Resource, scopes: readonly LazyScopeMetrics[]): ResourceMetrics {
  const scopeMetrics = scopes.map((scope) => scope.scopeMetrics);
  let seen = false;
  return {
    resource,
    get scopeMetrics() {
      if (!seen) {
        seen = true;
        setImmediate(() => {
          for (const scope of scopes) {
            scope.settle();
          }
        }).unref();
      }
      return scopeMetrics;
    },
  };
}
