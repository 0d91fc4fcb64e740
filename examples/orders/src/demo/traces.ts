import { randomBytes } from 'node:crypto';
import type { Point } from '@ostinato/testing';

/** The traces that customers begin, one for each order: ids that nobody else has. */
export class Traces {
  readonly #prefix = randomBytes(8).toString('hex');
  #begun = 0;

  /** The header that makes a request part of a new trace (W3C trace context). */
  begin(): { readonly traceparent: string } {
    const number = (++this.#begun).toString(16).padStart(16, '0');
    return { traceparent: `00-${this.#prefix}${number}-${number}-01` };
  }

  /** Whether an order had this trace id. */
  has(traceId: string): boolean {
    const number = Number.parseInt(traceId.slice(16), 16);
    return traceId.startsWith(this.#prefix) && number >= 1 && number <= this.#begun;
  }
}

/** Milliseconds since 1970. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** What exemplars say of the traces, in what was delivered. */
export interface Correlation {
  /** Exemplars, those that came again left out. */
  readonly exemplars: number;
  /** Those of samples that were recorded while the collector was away. */
  readonly whileAway: number;
  /** Those whose trace is none of an order. */
  readonly strange: number;
  /** The slowest order that has an exemplar in the metrics of both services. Milliseconds. */
  readonly slowest:
    | { readonly traceId: string; readonly order: number; readonly payment: number }
    | undefined;
}

export function correlate(points: Iterable<Point>, traces: Traces, away: Period): Correlation {
  const seen = new Set<string>();
  const orders = new Map<string, number>();
  const payments = new Map<string, number>();
  let whileAway = 0;
  let strange = 0;
  for (const { metric, exemplars } of points) {
    for (const { traceId, spanId, value, time } of exemplars) {
      const id = `${metric} ${spanId}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const millis = Number(time / 1_000_000n);
      if (millis >= away.from && millis <= away.to) whileAway++;
      if (!traces.has(traceId)) strange++;
      if (metric === 'order.process_time') orders.set(traceId, value);
      if (metric === 'payment.process_time') payments.set(traceId, value);
    }
  }
  const both = [...orders].flatMap(([traceId, order]) => {
    const payment = payments.get(traceId);
    return payment === undefined ? [] : [{ traceId, order, payment }];
  });
  const [slowest] = both.sort((a, b) => b.order - a.order);
  return { exemplars: seen.size, whileAway, strange, slowest };
}
