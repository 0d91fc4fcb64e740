import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Collector, quantile } from '@ostinato/testing';
import type { ServiceName, ServiceProcess } from '../fork.ts';
import type { Load } from './load.ts';

export type Delivery = 'starting' | 'delivering' | 'writing to the log' | 'replaying the log';

export interface Quantiles {
  readonly title: string;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What there is to see at one moment. */
export interface Scene {
  /** Seconds since the beginning. */
  readonly elapsed: number;
  /** What the demo is doing. */
  readonly note: string;
  readonly ordersPerSecond: number;
  /** Per second since the beginning. */
  readonly orders: readonly number[];
  readonly arrivals: readonly number[];
  readonly logSizes: readonly number[];
  /** Of what was delivered. */
  readonly quantiles: readonly Quantiles[];
  /** Seconds that the collector is away; undefined while it is there. */
  readonly away: number | undefined;
  readonly delivery: Delivery;
  readonly logBytes: number;
  /** Orders, by the services' own count, and those that the collector knows of. */
  readonly recorded: number;
  readonly delivered: number;
  /** The last line of each service. */
  readonly said: ReadonlyMap<ServiceName, string>;
}

/** Looks at everything that runs, and keeps what the picture needs from the past. */
export class Observer {
  readonly #load: Load;
  readonly #collector: Collector;
  readonly #services: readonly ServiceProcess[];
  readonly #directory: string;
  readonly #began = performance.now();
  readonly #orders: number[] = [];
  readonly #arrivals: number[] = [];
  readonly #logSizes: number[] = [];
  readonly said = new Map<ServiceName, string>();
  note = '';
  #ordersBefore = 0;
  #pointsBefore = 0;
  #awaySince: number | undefined;

  constructor(load: Load, collector: Collector, services: readonly ServiceProcess[], directory: string) {
    this.#load = load;
    this.#collector = collector;
    this.#services = services;
    this.#directory = directory;
  }

  get elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  collectorLeft(): void {
    this.#awaySince = this.elapsed;
  }

  collectorCameBack(): void {
    this.#awaySince = undefined;
  }

  /** To be called once a second. */
  nextSecond(): void {
    const { points } = this.#collector.ledger;
    this.#orders.push(this.#load.answered - this.#ordersBefore);
    this.#arrivals.push(points - this.#pointsBefore);
    this.#logSizes.push(sizeOfLog(this.#directory));
    this.#ordersBefore = this.#load.answered;
    this.#pointsBefore = points;
  }

  look(): Scene {
    const { ledger } = this.#collector;
    const logBytes = sizeOfLog(this.#directory);
    const away = this.#awaySince === undefined ? undefined : this.elapsed - this.#awaySince;
    const delivered = ledger.total('order.process_time');
    return {
      elapsed: this.elapsed,
      note: this.note,
      ordersPerSecond: this.#orders.at(-1) ?? 0,
      orders: this.#orders,
      arrivals: this.#arrivals,
      logSizes: this.#logSizes,
      quantiles: [
        this.#quantiles('an order', 'order.process_time'),
        this.#quantiles('a card payment', 'payment.process_time', { method: 'card' }),
      ],
      away,
      delivery: deliveryOf(logBytes, away, delivered),
      logBytes,
      recorded: this.#services.reduce((sum, { tally }) => sum + (tally['order.process_time'] ?? 0), 0),
      delivered,
      said: this.said,
    };
  }

  #quantiles(title: string, metric: string, labels = {}): Quantiles {
    const [series] = this.#collector.ledger.series(metric, labels);
    const at = (q: number) => (series === undefined ? Number.NaN : quantile(series, q));
    return { title, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  }
}

function deliveryOf(logBytes: number, away: number | undefined, delivered: number): Delivery {
  if (logBytes > 0) return away === undefined ? 'replaying the log' : 'writing to the log';
  return delivered === 0 ? 'starting' : 'delivering';
}

/** Bytes in the segments of the services' fallback logs: they are deleted once they are delivered. */
function sizeOfLog(directory: string): number {
  let size = 0;
  for (const name of readdirSync(directory, { recursive: true }) as string[]) {
    if (!name.endsWith('.jsonl')) continue;
    // A segment may be gone by now.
    size += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return size;
}
