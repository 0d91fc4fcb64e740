import type { Dropped } from '../log/context.ts';
import type { FallbackLog, LogLine } from '../log/log.ts';
import type { Attempt, Transport } from '../transport/transport.ts';
import type { Unit } from '../unit.ts';
import type { Intake } from './accept.ts';
import { type Account, Ledger, type Owner } from './account.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { classify } from './classify.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { Line } from './line.ts';
import type { Narrator } from './narrator.ts';
import type { Cancel, Runtime } from './runtime.ts';

/**
 * `starting`: the logs of dead processes are being looked for. `backing off`: an attempt failed, and the next waits.
 * `paused`: the destination takes nothing until somebody mends it (credentials, wrong service); it is probed.
 */
export type State = 'starting' | 'delivering' | 'backing off' | 'paused' | 'closed';

/** What waits in memory, and how much of it is allowed. */
export interface MemoryLimits {
  readonly maxBytes: number;
  readonly maxPoints: number;
  readonly maxAgeMillis: number;
}

export interface DestinationOptions {
  readonly transport: Transport;
  /** Whether it goes over TLS, for the diagnosis. */
  readonly secure: boolean;
  readonly log: FallbackLog | undefined;
  readonly durability: 'outage' | 'always';
  readonly timeoutMillis: number;
  readonly retry: BackoffOptions;
  readonly memory: MemoryLimits;
  readonly runtime: Runtime;
  readonly narrator: Narrator;
  readonly split: (unit: Unit) => readonly [Unit, Unit] | undefined;
}

// While not delivering: an attempt that hangs shows soon, and a client that cannot connect is made anew.
const RECOVERY_TIMEOUT_MILLIS = 4000;
const RECREATE_MILLIS = 3000;
const PROBE: BackoffOptions = { initialMillis: 1000, maxMillis: 10_000 };
// Between two requests of a replay: a Collector with several consumers reorders what comes faster.
const REPLAY_PAUSE_MILLIS = 50;
const UNREADABLE_LOG_MILLIS = 1000;
const ADOPT_MILLIS = 60_000;
const DEADLINE_EXCEEDED = 4;
const LOG_LOSSES: Readonly<Record<Dropped['reason'], string>> = {
  bytes: 'the fallback log grew beyond its maxBytes, and the oldest had to go',
  age: 'they waited in the fallback log for longer than its maxAgeMillis',
  damaged: 'they cannot be read from the fallback log any more',
  removed: 'somebody removed them from the fallback log',
  torn: 'a crash interrupted their writing',
};
const TOO_LARGE: Diagnosis = { kind: 'too large', text: 'one point is larger than the receiver takes' };

/**
 * Sends the lines of one destination: one request in flight, the lines in turn, the head of each until it is settled.
 * A failure holds all lines (they share the receiver that failed), and moves what is in memory to the log.
 */
export class Destination implements Intake {
  readonly #options: DestinationOptions;
  readonly #runtime: Runtime;
  readonly #narrator: Narrator;
  readonly #transport: Transport;
  readonly #log: FallbackLog | undefined;
  readonly #ledger = new Ledger();
  readonly #backoff: Backoff;
  readonly #probe: Backoff;
  /** In the order of their turns: who was served goes last. */
  readonly #lines: Line[] = [];
  readonly #byResource = new Map<string, Line>();
  readonly #watchers = new Set<() => void>();
  readonly #inFlight = new AbortController();
  readonly #ignoreReady: () => void;
  #state: State = 'starting';
  #running: Promise<void> | undefined;
  #cancelTimer: Cancel = () => {};
  #cancelAdopt: Cancel = () => {};
  /** Nothing is sent before this time; READY may shorten it, but not below `#throttledUntil`. */
  #notBefore = 0;
  #throttledUntil = 0;
  /**
   * READY wakes every other attempt at most: a receiver that accepts connections and breaks them at each request
   * must not be asked as fast as it can be connected.
   */
  #woken = false;
  #wakeable = true;
  #connectingSince = 0;
  #patient = false;
  /** The largest request that the receiver takes, as it said itself. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(options: DestinationOptions) {
    this.#options = options;
    this.#runtime = options.runtime;
    this.#narrator = options.narrator;
    this.#transport = options.transport;
    this.#log = options.log;
    this.#backoff = new Backoff(options.retry, this.#runtime.random);
    this.#probe = new Backoff(PROBE, this.#runtime.random);
    this.#ignoreReady = this.#transport.onReady(() => this.#onReady());
  }

  /** Begins: claims what dead processes left, and then sends. */
  start(): void {
    if (this.#log === undefined) this.#enter('delivering');
    else void this.#adopt();
  }

  get state(): State {
    return this.#state;
  }

  get limit(): number {
    return this.#limit;
  }

  get account(): Account {
    const { accepted, adopted, delivered, rejected, dropped } = this.#ledger;
    const [logged, queued] = [this.logged.points, this.memory.points];
    return { accepted, adopted, delivered, rejected, dropped, logged, queued };
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

  get holding(): boolean {
    return this.#away && this.memory.units > 0;
  }

  push(units: readonly Unit[], owner: Owner): void {
    const now = this.#runtime.now();
    let early = this.#away || (this.#log !== undefined && this.#options.durability === 'always');
    for (const unit of units) {
      const line = this.#lineOf(unit.resource);
      this.#ledger.accepted += unit.points;
      line.push(unit, now, owner);
      // What queues behind a replay is not sent soon: it is as good as an outage.
      early ||= line.logging;
    }
    if (early) this.spill();
    this.#trim(now);
    this.#run();
  }

  spill(): void {
    this.#spill('append');
  }

  fault(error: unknown): void {
    this.#narrator.fault(error);
  }

  /** The log lost something. */
  lostByLog({ reason, points }: Dropped): void {
    this.#ledger.dropped += points;
    if (points > 0) this.#narrator.dropped(points, LOG_LOSSES[reason]);
  }

  /**
   * Waits until nothing waits any more, for at most `millis`. `unless`: there is no point in waiting longer, because of
   * an outage, or of an outage in which everything is safe in the log.
   */
  settle(millis: number, unless: 'away' | 'away and safe'): Promise<'settled' | 'timed out'> {
    const settled = () =>
      this.#lines.every((line) => line.idle) ||
      (this.#away && (unless === 'away' || this.memory.units === 0)) ||
      this.#state === 'closed';
    if (settled()) return Promise.resolve('settled');
    return new Promise((resolve) => {
      const finish = (how: 'settled' | 'timed out') => {
        cancel();
        this.#watchers.delete(watch);
        resolve(how);
      };
      const watch = () => {
        if (settled()) finish('settled');
      };
      const cancel = this.#runtime.after(millis, () => finish('timed out'), true);
      this.#watchers.add(watch);
    });
  }

  /** Ends for good: cancels what is in flight, leaves to the log what is in memory, and says how many points were lost. */
  async close(): Promise<number> {
    this.#spill('appendSync');
    this.#stop();
    this.#inFlight.abort();
    await this.#running;
    for (const line of this.#lines) await line.stepOver();
    const lost = this.#dropAll();
    this.#transport.close();
    this.#log?.close();
    return lost;
  }

  /** The process ends now: no promise is kept any more. */
  closeSync(): void {
    if (this.#state === 'closed') return;
    this.#spill('appendSync');
    this.#stop();
    this.#dropAll();
    this.#log?.close();
  }

  get #away(): boolean {
    return this.#state === 'backing off' || this.#state === 'paused';
  }

  #stop(): void {
    this.#enter('closed');
    this.#cancelTimer();
    this.#cancelAdopt();
    this.#ignoreReady();
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    for (const watch of this.#watchers) watch();
  }

  #lineOf(resource: string): Line {
    const found = this.#byResource.get(resource);
    if (found !== undefined) return found;
    const line = new Line(resource, this.#ledger, () => this.#log?.line(resource));
    this.#byResource.set(resource, line);
    this.#lines.push(line);
    return line;
  }

  /** Claims what dead processes left: now, and every minute. */
  async #adopt(): Promise<void> {
    try {
      this.#claim((await this.#log?.adopt()) ?? []);
    } catch (error) {
      this.#narrator.fault(error);
    }
    if (this.#state === 'closed') return;
    if (this.#state === 'starting') this.#enter('delivering');
    this.#cancelAdopt = this.#runtime.after(ADOPT_MILLIS, () => void this.#adopt());
    this.#run();
  }

  #claim(logs: readonly LogLine[]): void {
    const early = { units: 0, points: 0 };
    const late = { units: 0, points: 0 };
    for (const log of logs) {
      const first = this.#state === 'starting' || !this.#byResource.has(log.resource);
      // Newer data of its resource may have been sent: order is lost, and a line of its own keeps it out of the way.
      const line = first ? this.#lineOf(log.resource) : new Line(log.resource, this.#ledger, () => undefined);
      if (!first) this.#lines.push(line);
      line.adopt(log);
      this.#ledger.adopted += log.points;
      const found = first ? early : late;
      found.units += log.pending;
      found.points += log.points;
    }
    if (early.units > 0) this.#narrator.adopted(early);
    if (late.units > 0) this.#narrator.adoptedLate(late);
  }

  #spill(how: 'append' | 'appendSync'): void {
    for (const line of this.#lines) {
      const result = line.spill(how);
      if (result === undefined) continue;
      if (!result.stored) this.#narrator.degraded(result.degraded);
      else void result.durable.then((degraded) => degraded && this.#narrator.degraded(degraded));
    }
    this.#changed();
  }

  /** Keeps memory within its limits: into the log what does not fit, and without one the oldest is lost. */
  #trim(now: number): void {
    const { maxBytes, maxPoints, maxAgeMillis } = this.#options.memory;
    const over = () => {
      const { bytes, points } = this.memory;
      return bytes > maxBytes || points > maxPoints;
    };
    if (over()) this.spill();
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      const age = now - (oldest.oldest ?? now);
      if (!over() && age <= maxAgeMillis) return;
      const cause = over() ? 'more waited in memory than its limit' : 'older than the limit of memory';
      this.#narrator.dropped(oldest.dropOldest(cause), cause);
    }
  }

  #oldest(): Line | undefined {
    let found: Line | undefined;
    for (const line of this.#lines) {
      if (line.oldest !== undefined && line.oldest < (found?.oldest ?? Number.POSITIVE_INFINITY))
        found = line;
    }
    return found;
  }

  #dropAll(): number {
    const cause = 'the process ended, and no fallback log could take them';
    let lost = 0;
    for (const line of this.#lines) lost += line.dropAll(cause);
    if (lost > 0) this.#narrator.dropped(lost, cause);
    return lost;
  }

  #onReady(): void {
    if (this.#state !== 'backing off' || !this.#wakeable) return;
    this.#wakeable = false;
    this.#woken = true;
    this.#notBefore = Math.min(this.#notBefore, this.#throttledUntil);
    this.#run();
  }

  /** Sends while there is something to send and nothing to wait for; then sets the timer for what it waits for. */
  #run(): void {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = undefined;
      this.#arm();
    });
  }

  async #sendAll(): Promise<void> {
    for (let line = this.#turn(); line !== undefined; line = this.#turn()) {
      try {
        await this.#sendHead(line);
      } catch (error) {
        this.#narrator.fault(error);
        this.#notBefore = this.#runtime.now() + this.#options.retry.maxMillis;
      }
      this.#changed();
    }
  }

  /** The line whose turn it is now, if any may be served. */
  #turn(): Line | undefined {
    const now = this.#runtime.now();
    if (this.#state === 'starting' || this.#state === 'closed' || now < this.#notBefore) return undefined;
    const at = this.#lines.findIndex((line) => !line.idle && line.readyAt <= now);
    if (at < 0) return undefined;
    const [line] = this.#lines.splice(at, 1);
    if (line !== undefined) this.#lines.push(line);
    return line;
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#state === 'starting' || this.#state === 'closed') return;
    const times = this.#lines.filter((line) => !line.idle).map(({ readyAt }) => readyAt);
    if (times.length === 0) return;
    const wait = Math.max(this.#notBefore, Math.min(...times)) - this.#runtime.now();
    // What became possible while the last attempt was being judged.
    if (wait <= 0) this.#run();
    else this.#cancelTimer = this.#runtime.after(wait, () => this.#run());
  }

  async #sendHead(line: Line): Promise<void> {
    const unit = await line.next();
    if (unit === undefined) {
      if (!line.idle) line.readyAt = this.#runtime.now() + UNREADABLE_LOG_MILLIS;
      return;
    }
    if (unit.bytes.length > this.#limit && line.split(this.#options.split)) return;
    const replaying = line.logging;
    const attempt = await this.#attempt(unit);
    this.#judge(line, unit, attempt);
    if (replaying) line.readyAt = this.#runtime.now() + REPLAY_PAUSE_MILLIS;
    if (this.#state === 'delivering' && this.logged.units === 0) this.#narrator.replayed();
  }

  #attempt(unit: Unit): Promise<Attempt> {
    const { timeoutMillis } = this.#options;
    const now = this.#runtime.now();
    if (this.#away && !this.#transport.ready && now - this.#connectingSince >= RECREATE_MILLIS) {
      this.#recreate(now);
    }
    const impatient = this.#away && !this.#patient;
    return this.#transport.send(unit.bytes, {
      timeoutMillis: impatient ? Math.min(timeoutMillis, RECOVERY_TIMEOUT_MILLIS) : timeoutMillis,
      signal: this.#inFlight.signal,
    });
  }

  #timedOut(): void {
    // Connected and slower than the short deadline: every other attempt may take its whole time, or a receiver that
    // needs 5 s for an answer would never be seen to work.
    this.#patient = this.#away && this.#transport.ready && !this.#patient;
    this.#recreate(this.#runtime.now());
  }

  #recreate(now: number): void {
    this.#connectingSince = now;
    this.#transport.recreate();
  }

  #judge(line: Line, unit: Unit, attempt: Attempt): void {
    if (attempt.ok) {
      const { rejectedPoints, message } = attempt;
      line.delivered(rejectedPoints, message);
      if (rejectedPoints > 0) this.#narrator.rejected('partial success', rejectedPoints, message);
      else if (message !== '') this.#narrator.warned(message);
      this.#answered();
      return;
    }
    // Cancelled by us: the unit stays where it is.
    if (this.#state === 'closed') return;
    const verdict = classify(attempt, unit.bytes.length);
    const diagnosis = diagnose(attempt, this.#options.secure);
    switch (verdict.kind) {
      case 'retry':
        if (attempt.code === DEADLINE_EXCEEDED) this.#timedOut();
        this.#failed('backing off', diagnosis, this.#backoff.next(verdict.floorMillis), verdict.floorMillis);
        break;
      case 'destination':
        this.#failed('paused', diagnosis, this.#probe.next(attempt.retryDelayMillis), 0);
        break;
      case 'too large':
        this.#limit = Math.min(this.#limit, verdict.limit);
        if (!line.split(this.#options.split)) this.#reject(line, unit, TOO_LARGE);
        this.#answered();
        break;
      case 'data':
        this.#reject(line, unit, diagnosis);
        this.#answered();
        break;
      default:
        verdict satisfies never;
    }
  }

  #reject(line: Line, unit: Unit, { kind, text }: Diagnosis): void {
    line.rejected(text);
    this.#narrator.rejected(kind, unit.points, text);
  }

  /** The receiver lives: whatever it said was about the data. */
  #answered(): void {
    this.#backoff.reset();
    this.#probe.reset();
    this.#notBefore = 0;
    this.#throttledUntil = 0;
    this.#wakeable = true;
    if (!this.#away) return;
    // Whoever answers after an outage may have another limit.
    this.#limit = Number.POSITIVE_INFINITY;
    this.#enter('delivering');
    this.#narrator.back(this.#runtime.now(), this.logged);
  }

  #failed(
    state: 'backing off' | 'paused',
    diagnosis: Diagnosis,
    waitMillis: number,
    floorMillis: number,
  ): void {
    const now = this.#runtime.now();
    if (!this.#away) this.#connectingSince = now;
    this.#wakeable = !this.#woken;
    this.#woken = false;
    this.#notBefore = now + waitMillis;
    this.#throttledUntil = now + floorMillis;
    this.#enter(state);
    this.#narrator.away(now, diagnosis, state === 'paused');
    this.spill();
  }
}
