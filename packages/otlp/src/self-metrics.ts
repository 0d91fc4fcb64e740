import { type Counter, type Gauge, scope } from '@ostinato/core';
import type { ExporterStatus } from './delivery.ts';
import { VERSION } from './version.ts';

/** What exporters hold together. There may be several in a process; what is the state of one is then their sum. */
const live = new Set<SelfMetrics>();

/** What an account calls it, and the label. */
const OUTCOMES = [
  ['delivered', 'sent'],
  ['rejected', 'rejected'],
  ['dropped', 'dropped'],
  ['thinned', 'thinned'],
] as const;

/**
 * What the exporter tells of itself, by the facade, so that it goes where all metrics go; without a recorder it costs
 * nothing. Nothing is recorded for what did not change: an exporter that exported only what its last export did to
 * these would never come to rest (see `encodeBatch`).
 */
export class SelfMetrics {
  readonly #status: () => ExporterStatus;
  readonly #latency: Gauge;
  readonly #attempts: { labels(code: number): Counter };
  readonly #points: { labels(outcome: string): Counter };
  readonly #queue: Gauge;
  readonly #log: Gauge;
  readonly #collect: { record(seconds: number): void };
  readonly #values = new Map<Gauge, number>();
  readonly #told = new Map<string, number>();

  constructor(status: () => ExporterStatus) {
    const own = scope({ name: '@ostinato/otlp', version: VERSION });
    this.#status = status;
    this.#latency = own.defineGauge('metrics.export_latency', {
      unit: 'ms',
      description: 'How long the last successful request took.',
    });
    this.#attempts = own.defineCounter('ostinato.export.attempts', {
      unit: '{attempt}',
      description: 'Requests, by the status of gRPC they were answered with.',
      labels: ['rpc.grpc.status_code'],
    });
    this.#points = own.defineCounter('ostinato.export.points', {
      unit: '{point}',
      description: 'Data points, by what became of them.',
      labels: ['outcome'],
    });
    this.#queue = own.defineGauge('ostinato.queue.points', {
      unit: '{point}',
      description: 'Data points that wait in memory or in the fallback log.',
    });
    this.#log = own.defineGauge('ostinato.log.bytes', {
      unit: 'By',
      description: 'Size of the fallback log.',
    });
    this.#collect = scope({ name: '@ostinato/recorder', version: VERSION }).defineHistogram(
      'ostinato.collect.duration',
      { unit: 's', description: 'How long a collection held the event loop, its pauses left out.' },
    );
    live.add(this);
  }

  /** One request was answered; `code` is the status of gRPC. */
  attempted(code: number, millis: number): void {
    this.#attempts.labels(code).increment();
    if (code === 0) this.#latency.set(millis);
  }

  /** A collection was read to its end. */
  collected(millis: number): void {
    this.#collect.record(millis / 1000);
  }

  /** Brings totals and states up to date: to be called just before metrics are read. */
  update(): void {
    const { account } = this.#status();
    for (const [name, outcome] of OUTCOMES) {
      const more = account[name] - (this.#told.get(name) ?? 0);
      this.#told.set(name, account[name]);
      if (more > 0) this.#points.labels(outcome).increment(more);
    }
    let [points, bytes] = [0, 0];
    for (const other of live) {
      const status = other.#status();
      points += status.account.queued + status.account.logged;
      bytes += status.log?.bytes ?? 0;
    }
    this.#setChanged(this.#queue, points);
    this.#setChanged(this.#log, bytes);
  }

  #setChanged(gauge: Gauge, value: number): void {
    if (this.#values.get(gauge) === value) return;
    this.#values.set(gauge, value);
    gauge.set(value);
  }

  end(): void {
    live.delete(this);
  }
}
