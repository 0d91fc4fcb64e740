import type { Dropped } from '../log/context.ts';
import type { FallbackLog, LogLine } from '../log/log.ts';
import type { Unit } from '../unit.ts';
import { type Account, Ledger, type Owner } from './account.ts';
import { Line } from './line.ts';
import type { Narrator } from './narrator.ts';

/** How much may wait in memory. */
export interface MemoryLimits {
  readonly maxBytes: number;
  readonly maxPoints: number;
  readonly maxAgeMillis: number;
}

/** How much goes to the log in one append: what it costs is how long the event loop is held. */
const SLICE_BYTES = 256 * 1024;
/** The same when nothing else is to run any more, and each append waits for the disk. */
const LAST_SLICE_BYTES = 4 * 1024 * 1024;

const LOG_LOSSES: Readonly<Record<Exclude<Dropped['reason'], 'taken' | 'thinned'>, string>> = {
  bytes: 'the fallback log grew beyond its maxBytes, and the oldest had to go',
  age: 'they waited in the fallback log for longer than its maxAgeMillis',
  damaged:
    'they cannot be read from the fallback log any more; what is left of them is in its directory damaged',
  removed: 'somebody removed them from the fallback log',
  torn: 'a crash interrupted their writing',
};

/** Everything that waits for one destination: a line for each resource, in memory and in the log. */
export class Backlog {
  readonly #log: FallbackLog | undefined;
  readonly #limits: MemoryLimits;
  readonly #narrator: Narrator;
  readonly #ledger = new Ledger();
  /** In the order of their turns: who was served goes last. */
  #lines: Line[] = [];
  readonly #byResource = new Map<string, Line>();

  constructor(log: FallbackLog | undefined, limits: MemoryLimits, narrator: Narrator) {
    this.#log = log;
    this.#limits = limits;
    this.#narrator = narrator;
  }

  get account(): Account {
    const { accepted, adopted, delivered, rejected, dropped, thinned, handedOver } = this.#ledger;
    const [logged, queued] = [this.logged.points, this.memory.points];
    return { accepted, adopted, delivered, rejected, dropped, thinned, handedOver, logged, queued };
  }

  get memory(): { units: number; bytes: number; points: number } {
    const total = { units: 0, bytes: 0, points: 0 };
    for (const { memory } of this.#lines) {
      total.units += memory.units;
      total.bytes += memory.bytes;
      total.points += memory.points;
    }
    return total;
  }

  get logged(): { units: number; points: number } {
    const total = { units: 0, points: 0 };
    for (const { logged } of this.#lines) {
      total.units += logged.units;
      total.points += logged.points;
    }
    return total;
  }

  /** Nothing waits. */
  get idle(): boolean {
    return this.#lines.every((line) => line.idle);
  }

  /** Takes units in; says whether one of them waits behind a log, so that it is not sent soon. */
  push(units: readonly Unit[], now: number, owner: Owner): boolean {
    let behindLog = false;
    for (const unit of units) {
      const line = this.#lineOf(unit.resource);
      this.#ledger.accepted += unit.points;
      line.push(unit, now, owner);
      behindLog ||= line.logging;
    }
    this.#trim(now);
    return behindLog;
  }

  /**
   * Takes in the logs of dead processes. Before anything was sent (`first`) they go before everything of their
   * resource; later, order is lost, and a line of its own keeps each out of the way of newer data.
   */
  claim(logs: readonly LogLine[], first: boolean): void {
    const ahead = { units: 0, points: 0 };
    const beside = { units: 0, points: 0 };
    for (const log of logs) {
      const inLine = first || !this.#byResource.has(log.resource);
      const line = inLine
        ? this.#lineOf(log.resource)
        : new Line(log.resource, this.#ledger, () => undefined);
      if (!inLine) this.#lines.push(line);
      line.adopt(log);
      this.#ledger.adopted += log.points;
      const found = inLine ? ahead : beside;
      found.units += log.pending;
      found.points += log.points;
    }
    if (ahead.units > 0) this.#narrator.adopted(ahead);
    if (beside.units > 0) this.#narrator.adoptedLate(beside);
  }

  /** The log lost something. */
  lostByLog({ reason, points }: Dropped): void {
    if (reason === 'taken') {
      this.#ledger.handedOver += points;
      this.#narrator.handedOver(points);
      return;
    }
    if (reason === 'thinned') {
      this.#ledger.thinned += points;
      this.#narrator.thinned(points);
      return;
    }
    this.#ledger.dropped += points;
    if (points > 0) this.#narrator.dropped(points, LOG_LOSSES[reason]);
    else if (reason === 'damaged') this.#narrator.damaged();
  }

  /** Moves all that waits in memory to the log, where there is one, durably. */
  spillAll(): void {
    for (const line of this.#lines) {
      while (line.memory.units > 0 && this.#spill(line, 'appendSync', LAST_SLICE_BYTES));
    }
  }

  /** Moves some of what waits in memory to the log; false if nothing was moved. */
  spillSome(): boolean {
    for (const line of this.#lines) {
      if (line.memory.units > 0 && this.#spill(line, 'append', SLICE_BYTES)) return true;
    }
    return false;
  }

  /** The same for what is next in one line, unless it is in a log already. */
  spillNext(line: Line): void {
    if (line.memory.units > 0 && !line.logging) this.#spill(line, 'append', SLICE_BYTES);
  }

  #spill(line: Line, how: 'append' | 'appendSync', maxBytes: number): boolean {
    const result = line.spill(how, maxBytes);
    if (result === undefined) return false;
    if (!result.stored) this.#narrator.degraded(result.degraded);
    else void result.durable.then((degraded) => degraded && this.#narrator.degraded(degraded));
    return result.stored;
  }

  /** The line whose turn it is; it goes last then. */
  turn(now: number): Line | undefined {
    this.#trim(now);
    const at = this.#lines.findIndex((line) => !line.idle && line.readyAt <= now);
    const line = this.#lines[at];
    if (line === undefined) return undefined;
    this.#lines = this.#lines.filter((other) => other !== line && !this.#isDone(other));
    this.#lines.push(line);
    return line;
  }

  /** When the next line may be served, if anything waits. */
  get readyAt(): number | undefined {
    const times = this.#lines.filter((line) => !line.idle).map(({ readyAt }) => readyAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Gives up what is in memory; says how many points that were. */
  dropAll(): number {
    const cause = 'the process ended, and no fallback log could take them';
    let lost = 0;
    for (const line of this.#lines) lost += line.dropAll(cause);
    if (lost > 0) this.#narrator.dropped(lost, cause);
    return lost;
  }

  #lineOf(resource: string): Line {
    const found = this.#byResource.get(resource);
    if (found !== undefined) return found;
    const line = new Line(resource, this.#ledger, () => this.#log?.line(resource));
    this.#byResource.set(resource, line);
    this.#lines.push(line);
    return line;
  }

  /** A line that nothing will ever be added to. */
  #isDone(line: Line): boolean {
    return line.idle && this.#byResource.get(line.resource) !== line;
  }

  /** Keeps memory within its limits: into the log what does not fit, and without one the oldest is lost. */
  #trim(now: number): void {
    const { maxBytes, maxPoints, maxAgeMillis } = this.#limits;
    const over = () => {
      const { bytes, points } = this.memory;
      return bytes > maxBytes || points > maxPoints;
    };
    while (over() && this.spillSome());
    for (let line = this.#oldest(); line !== undefined; line = this.#oldest()) {
      const old = now - (line.oldest ?? now) > maxAgeMillis;
      if (!over() && !old) return;
      const cause = old ? 'older than the limit of memory' : 'more waited in memory than its limit';
      this.#narrator.dropped(line.dropOldest(cause), cause);
    }
  }

  #oldest(): Line | undefined {
    let found: Line | undefined;
    for (const line of this.#lines) {
      const { oldest } = line;
      if (oldest !== undefined && oldest < (found?.oldest ?? Number.POSITIVE_INFINITY)) found = line;
    }
    return found;
  }
}
