import type { AppendResult, LogLine } from '../log/log.ts';
import type { Unit } from '../unit.ts';
import type { Ledger, Outcome, Owner } from './account.ts';

/** A unit that waits in memory. */
interface Entry {
  readonly unit: Unit;
  /** When it came, in the runtime's milliseconds. */
  readonly since: number;
  readonly owner: Owner;
}

/** The unit that is being sent. It stays the head until it is settled, whatever happens behind it. */
interface Head {
  /** What is still to be sent of it, in order: itself, or its parts when the receiver wants smaller ones. */
  readonly parts: Unit[];
  /** Where it is kept: the log, or memory if undefined. A unit in memory may move to the log while it is in flight. */
  log: LogLine | undefined;
  /** Points of parts that are settled already. */
  settledPoints: number;
}

/**
 * One FIFO: `[adopted logs…, own log, memory]`, oldest first, sent one unit at a time.
 *
 * Whatever is in memory is newer than whatever is in the logs: units leave memory for the log oldest first, and nothing
 * enters a log that has units in memory before it.
 */
export class Line {
  readonly resource: string;
  readonly #ledger: Ledger;
  readonly #openOwn: () => LogLine | undefined;
  readonly #adopted: LogLine[] = [];
  #own: LogLine | undefined;
  readonly #memory: Entry[] = [];
  #head: Head | undefined;
  #bytes = 0;
  #points = 0;
  /** Before this time nothing of this line is sent; the deliverer's own note. */
  readyAt = 0;

  /** `own` gives this process's line of the log, undefined where no log is configured. */
  constructor(resource: string, ledger: Ledger, own: () => LogLine | undefined) {
    this.resource = resource;
    this.#ledger = ledger;
    this.#openOwn = own;
  }

  /** Puts a dead process's line before everything of this process. Only before anything was sent. */
  adopt(log: LogLine): void {
    this.#adopted.push(log);
  }

  /** Whether nothing waits. */
  get idle(): boolean {
    return this.#head === undefined && this.#memory.length === 0 && !this.logging;
  }

  /** Whether units wait in a log, so that what comes now cannot be sent soon. */
  get logging(): boolean {
    return this.#logs().some((log) => log.pending > 0);
  }

  /** What waits in memory. */
  get memory(): { readonly units: number; readonly bytes: number; readonly points: number } {
    return { units: this.#memory.length, bytes: this.#bytes, points: this.#points };
  }

  /** What waits in the log. */
  get logged(): { readonly units: number; readonly points: number } {
    let [units, points] = [0, 0];
    for (const log of this.#logs()) {
      // What is settled of the head still stands in the log.
      const head = log === this.#head?.log ? this.#head : undefined;
      units += log.pending;
      points += log.points - (head?.settledPoints ?? 0);
    }
    return { units, points };
  }

  /** When the oldest unit in memory came that is not in flight. */
  get oldest(): number | undefined {
    return this.#memory[this.#headInMemory() ? 1 : 0]?.since;
  }

  push(unit: Unit, since: number, owner: Owner): void {
    this.#memory.push({ unit, since, owner });
    this.#bytes += unit.bytes.length;
    this.#points += unit.points;
  }

  /**
   * Moves the oldest units from memory to the log, at least one and at most `maxBytes` of protobuf, or none of them.
   * Undefined: there was nothing to move, or no log.
   */
  spill(how: 'append' | 'appendSync', maxBytes: number): AppendResult | undefined {
    if (this.#memory.length === 0) return undefined;
    this.#own ??= this.#openOwn();
    const own = this.#own;
    if (own === undefined) return undefined;
    const moving: Entry[] = [];
    let [bytes, points] = [0, 0];
    for (const entry of this.#memory) {
      if (moving.length > 0 && bytes + entry.unit.bytes.length > maxBytes) break;
      moving.push(entry);
      bytes += entry.unit.bytes.length;
      points += entry.unit.points;
    }
    const inFlight = this.#headInMemory();
    const result = own[how](
      moving.map(({ unit }) => unit),
      inFlight,
    );
    if (!result.stored) return result;
    if (this.#head !== undefined && inFlight) this.#head.log = own;
    this.#memory.splice(0, moving.length);
    this.#bytes -= bytes;
    this.#points -= points;
    for (const { owner } of moving) owner.settled({ kind: 'logged', durable: result.durable });
    return result;
  }

  /** Gives up the oldest unit in memory that is not in flight. */
  dropOldest(cause: string): number {
    const at = this.#headInMemory() ? 1 : 0;
    const [entry] = this.#memory.splice(at, 1);
    if (entry === undefined) return 0;
    this.#dropped(entry, cause);
    return entry.unit.points;
  }

  /** Gives up everything in memory, the head too: nobody sends any more. */
  dropAll(cause: string): number {
    const before = this.#ledger.dropped;
    if (this.#headInMemory()) this.#head = undefined;
    for (const entry of this.#memory.splice(0)) this.#dropped(entry, cause);
    return this.#ledger.dropped - before;
  }

  /**
   * The unit to send now: the same one until it is settled. Undefined: nothing waits, or the log cannot be read just
   * now (then the line is not `idle`).
   */
  async next(): Promise<Unit | undefined> {
    const [part] = this.#head?.parts ?? [];
    if (part !== undefined) return part;
    for (const log of this.#logs()) {
      if (log.pending === 0) continue;
      const unit = await log.peek();
      if (unit !== undefined) return this.#begin(unit, log);
      if (log.pending > 0) return undefined;
    }
    const [first] = this.#memory;
    return first && this.#begin(first.unit, undefined);
  }

  /** The receiver took the head's first part, but for `rejectedPoints` of it. */
  delivered(rejectedPoints: number, cause: string): void {
    const points = this.#partPoints();
    const rejected = Math.min(points, rejectedPoints);
    this.#ledger.delivered += points - rejected;
    this.#ledger.rejected += rejected;
    this.#settle(
      points,
      rejected === 0 ? { kind: 'delivered' } : { kind: 'rejected', points: rejected, cause },
    );
  }

  /** The receiver refused the head's first part for good. */
  rejected(cause: string): void {
    const points = this.#partPoints();
    this.#ledger.rejected += points;
    this.#settle(points, { kind: 'rejected', points, cause });
  }

  /** Sends the head's first part in two from now on; false if it is one point, which cannot be split. */
  split(halve: (unit: Unit) => readonly [Unit, Unit] | undefined): boolean {
    const head = this.#head;
    const [part] = head?.parts ?? [];
    const halves = part && halve(part);
    if (head === undefined || halves === undefined) return false;
    if (!this.#headInMemory()) {
      // The log keeps it whole, and is acknowledged after the last part.
      head.parts.splice(0, 1, ...halves);
      return true;
    }
    const [entry] = this.#memory;
    if (entry === undefined) return false;
    const { owner, since } = entry;
    owner.split();
    this.#memory.splice(0, 1, ...halves.map((unit) => ({ unit, since, owner })));
    this.#bytes += halves[0].bytes.length + halves[1].bytes.length - entry.unit.bytes.length;
    this.#head = undefined;
    return true;
  }

  #logs(): LogLine[] {
    return this.#own === undefined ? this.#adopted : [...this.#adopted, this.#own];
  }

  #headInMemory(): boolean {
    return this.#head !== undefined && this.#head.log === undefined;
  }

  #begin(unit: Unit, log: LogLine | undefined): Unit {
    this.#head = { parts: [unit], log, settledPoints: 0 };
    return unit;
  }

  #partPoints(): number {
    return this.#head?.parts[0]?.points ?? 0;
  }

  #settle(points: number, outcome: Outcome): void {
    const head = this.#head;
    if (head === undefined) return;
    head.parts.shift();
    if (head.log === undefined) {
      const entry = this.#memory.shift();
      this.#head = undefined;
      if (entry === undefined) return;
      this.#bytes -= entry.unit.bytes.length;
      this.#points -= entry.unit.points;
      entry.owner.settled(outcome);
      return;
    }
    head.settledPoints += points;
    if (head.parts.length === 0) this.#acknowledge(head.log);
  }

  #acknowledge(log: LogLine): void {
    this.#head = undefined;
    log.acknowledge();
    if (log.pending === 0 && log === this.#adopted[0]) this.#adopted.shift();
  }

  #dropped({ unit, owner }: Entry, cause: string): void {
    this.#bytes -= unit.bytes.length;
    this.#points -= unit.points;
    this.#ledger.dropped += unit.points;
    owner.settled({ kind: 'dropped', points: unit.points, cause });
  }
}
