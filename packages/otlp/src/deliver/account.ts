/**
 * What became of every data point, in points. At any moment
 * `accepted + adopted = delivered + rejected + dropped + thinned + handedOver + logged + queued`.
 */
export interface Account {
  /** Taken in by `export()`. */
  readonly accepted: number;
  /** Found in the logs of dead processes and claimed. */
  readonly adopted: number;
  /** Acknowledged by the receiver. */
  readonly delivered: number;
  /** Refused by the receiver for good: never sent again. */
  readonly rejected: number;
  /** Lost here: beyond the limits of memory or log, damaged in the log, or left when the process ended without one. */
  readonly dropped: number;
  /** Left out of a fallback log that grew beyond its bounds, where a later point of the same series says as much. */
  readonly thinned: number;
  /** In lines of the log that another process took over, because this one seemed dead: it delivers them. */
  readonly handedOver: number;
  /** Waiting in the fallback log; a later process delivers what this one does not. */
  readonly logged: number;
  /** Waiting in memory only. */
  readonly queued: number;
}

/** Counts what is settled; what still waits is counted by who holds it. */
export class Ledger {
  accepted = 0;
  adopted = 0;
  delivered = 0;
  rejected = 0;
  dropped = 0;
  thinned = 0;
  handedOver = 0;
}

/** What became of one unit, for who exported it. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** In the log; `durable` resolves when it is as safe there as the policy promises. */
  | { readonly kind: 'logged'; readonly durable: Promise<unknown> }
  | { readonly kind: 'rejected'; readonly points: number; readonly cause: string }
  | { readonly kind: 'dropped'; readonly points: number; readonly cause: string };

/** Hears, once for each of its units, what became of it. */
export interface Owner {
  /** One of its units is two from now on. */
  split(): void;
  settled(outcome: Outcome): void;
}
