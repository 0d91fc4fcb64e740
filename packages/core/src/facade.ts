import type { Metrics } from './metrics.ts';
import { metricsOf } from './scope.ts';

const metrics = metricsOf({ name: 'ostinato' }, []);

/**
 * The counter of this name and these labels. Get it once and keep it, or ask each time: the same one comes back.
 * It may be made before a recorder is installed. Never throws: a bad name or label gives a counter that records
 * nothing, with one warning.
 *
 * ```ts
 * counter('orders', { type: 'retail' }).increment();
 * ```
 */
export const counter: Metrics['counter'] = metrics.counter;

/** The gauge of this name and these labels; as `counter`. */
export const gauge: Metrics['gauge'] = metrics.gauge;

/** The histogram of this name and these labels; as `counter`. */
export const histogram: Metrics['histogram'] = metrics.histogram;

/**
 * Defines a counter: its unit, description and labels. Without `labels` it returns the counter, with `labels` a
 * family. The first definition of a name stays; one that differs is reported. Throws `OstinatoError` with code
 * `OSTINATO_INVALID_NAME` or `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * const errors = defineCounter('order.errors', { unit: '{error}', labels: ['type'] });
 * errors.with({ type: 'declined' }).increment();
 * errors.labels('declined').increment(); // the same, fastest
 * ```
 */
export const defineCounter: Metrics['defineCounter'] = metrics.defineCounter;

/** Defines a gauge; as `defineCounter`. */
export const defineGauge: Metrics['defineGauge'] = metrics.defineGauge;

/**
 * Defines a histogram; as `defineCounter`. `buckets` are explicit upper bounds, finite and ascending; without them the
 * histogram is exponential.
 *
 * ```ts
 * const latency = defineHistogram('http.server.request.duration', { unit: 's', labels: ['method', 'status'] });
 * const timer = latency.startTimer();
 * timer.stop('GET', 200);
 * ```
 */
export const defineHistogram: Metrics['defineHistogram'] = metrics.defineHistogram;

/**
 * Says what a counter that others record means, for the default scope. Throws as `defineCounter` does. Descriptions
 * given before a recorder is installed reach it when it is.
 */
export const describeCounter: Metrics['describeCounter'] = metrics.describeCounter;

/** Describes a gauge; as `describeCounter`. */
export const describeGauge: Metrics['describeGauge'] = metrics.describeGauge;

/** Describes a histogram; as `describeCounter`. */
export const describeHistogram: Metrics['describeHistogram'] = metrics.describeHistogram;

/**
 * A gauge whose value is at hand when it is wanted, such as the length of a queue: `read` is called at each collection
 * and returns a finite number, at once. One that throws, or returns anything else (a promise, NaN), records nothing, is
 * counted and warned of once; all others are read. The series then stays as it was. One that takes more than 100 ms is
 * warned of and called less often.
 *
 * It is called in the thread that made it; in a worker thread once a second, and when that thread ends by itself. Threads
 * that observe the same need a label that tells them apart: of one series the newest value stays.
 *
 * As handles do, it works whenever a recorder is installed, before or after. Made within `withLocalRecorder`, it
 * belongs to that recorder alone. Throws `OstinatoError` with code `OSTINATO_INVALID_NAME` or
 * `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * const jobs: string[] = [];
 * const depth = observeGauge('queue.depth', { queue: 'mail' }, () => jobs.length);
 * depth.stop(); // when the queue is gone
 * ```
 */
export const observeGauge: Metrics['observeGauge'] = metrics.observeGauge;

/**
 * A counter whose total is kept elsewhere; as `observeGauge`. `read` returns the total, a finite number of at least 0,
 * as for `absolute`: one that is lower than before has no effect and is warned of once, and of several callbacks for one
 * series the highest total stays.
 *
 * ```ts
 * observeCounter('process.cpu.time', { mode: 'user' }, () => process.cpuUsage().user / 1e6);
 * ```
 */
export const observeCounter: Metrics['observeCounter'] = metrics.observeCounter;
