import type { Dropped } from '../log/context.ts';
import type { FallbackLog } from '../log/log.ts';
import type { Attempt, Transport } from '../transport/transport.ts';
import type { Unit } from '../unit.ts';
import type { Intake } from './accept.ts';
import type { Account, Owner } from './account.ts';
import { Backlog, type MemoryLimits } from './backlog.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { classify } from './classify.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import type { Line } from './line.ts';
import { Link } from './link.ts';
import type { Narrator } from './narrator.ts';
import { printable } from './printable.ts';
import type { Cancel, Runtime } from './runtime.ts';

/**
 * `starting`: the logs of dead processes are being looked for. `backing off`: an attempt failed, and the next waits.
 * `paused`: the destination takes nothing until somebody mends it (credentials, wrong service); it is probed.
 */
export type State = 'starting' | 'delivering' | 'backing off' | 'paused' | 'closed';

export interface DestinationOptions {
  readonly transport: Transport;
  /** Whether it goes over TLS, for the diagnosis. */
  readonly secure: boolean | undefined;
  readonly log: FallbackLog | undefined;
  readonly durability: 'outage' | 'always';
  readonly timeoutMillis: number;
  readonly retry: BackoffOptions;
  readonly memory: MemoryLimits;
  readonly runtime: Runtime;
  readonly narrator: Narrator;
  readonly split: (unit: Unit) => readonly [Unit, Unit] | undefined;
  /** A request was answered, with this status of gRPC; cancelled ones are not told. */
  readonly onAttempt: (code: number, millis: number) => void;
}

// A destination that takes nothing is asked at most so often.
const PROBE: BackoffOptions = { initialMillis: 1000, maxMillis: 10_000 };
// Between two requests of a replay: a Collector with several consumers reorders what comes faster.
const REPLAY_PAUSE_MILLIS = 50;
const UNREADABLE_LOG_MILLIS = 1000;
const ADOPT_MILLIS = 60_000;
const TOO_LARGE: Diagnosis = { kind: 'too large', text: 'one point is larger than the receiver takes' };

/**
 * Sends the lines of one destination: one request in flight, the lines in turn, the head of each until it is settled.
 * A failure holds all lines (they share the receiver that failed), and moves what is in memory to the log.
 */
export class Destination implements Intake {
  readonly #options: DestinationOptions;
  readonly #runtime: Runtime;
  readonly #narrator: Narrator;
  readonly #link: Link;
  readonly #log: FallbackLog | undefined;
  readonly #backlog: Backlog;
  readonly #backoff: Backoff;
  readonly #probe: Backoff;
  readonly #watchers = new Set<() => void>();
  #state: State = 'starting';
  #running: Promise<void> | undefined;
  #answers = 0;
  #spilling = false;
  readonly #spilled: (() => void)[] = [];
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
  /** The largest request that the receiver takes, as it said itself. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(options: DestinationOptions) {
    this.#options = options;
    this.#runtime = options.runtime;
    this.#narrator = options.narrator;
    this.#log = options.log;
    this.#backlog = new Backlog(options.log, options.memory, options.narrator);
    this.#backoff = new Backoff(options.retry, this.#runtime.random);
    this.#probe = new Backoff(PROBE, this.#runtime.random);
    this.#link = new Link(options.transport, this.#runtime, options.timeoutMillis, () => this.#onReady());
  }

  /** Begins: claims what dead processes left, and then sends. */
  start(): void {
    if (this.#log === undefined) this.#enter('delivering');
    else void this.#adopt();
  }

  get state(): State {
    return this.#state;
  }

  /** How often the receiver answered, with whatever it said about the data. */
  get answers(): number {
    return this.#answers;
  }

  get limit(): number {
    return this.#limit;
  }

  get account(): Account {
    return this.#backlog.account;
  }

  get memory(): { readonly units: number; readonly bytes: number; readonly points: number } {
    return this.#backlog.memory;
  }

  get logged(): { readonly units: number; readonly points: number } {
    return this.#backlog.logged;
  }

  get holding(): boolean {
    return this.#away && this.memory.units > 0 && !this.#spilling;
  }

  push(units: readonly Unit[], owner: Owner): void {
    const behindLog = this.#backlog.push(units, this.#runtime.now(), owner);
    // What queues behind a replay is not sent soon: it is as good as an outage.
    if (this.#logFirst || behindLog) void this.spill();
    this.#changed();
    this.#run();
  }

  /**
   * Moves what waits in memory to the log, slice by slice, so that the event loop is not held; resolves when nothing
   * waits in memory any more, or the log takes no more. The first slice is done when it returns.
   */
  async spill(): Promise<void> {
    if (!this.#spilling) this.#spillOn();
    if (this.#spilling) await new Promise<void>((resolve) => this.#spilled.push(resolve));
  }

  #spillOn(): void {
    this.#spilling = this.#backlog.spillSome() && this.memory.units > 0;
    if (this.#spilling) this.#runtime.soon(() => this.#spillOn());
    else for (const resolve of this.#spilled.splice(0)) resolve();
    this.#changed();
  }

  fault(error: unknown): void {
    this.#narrator.fault(error);
  }

  lostByLog(dropped: Dropped): void {
    this.#backlog.lostByLog(dropped);
  }

  /**
   * Waits until nothing waits any more, for at most `millis`. `unless`: there is no point in waiting longer, because of
   * an outage, or of an outage in which everything is safe in the log.
   */
  settle(millis: number, unless: 'away' | 'away and safe'): Promise<'settled' | 'timed out'> {
    const settled = () =>
      this.#backlog.idle ||
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
    this.#backlog.spillAll();
    this.#stop();
    this.#link.cancel();
    await this.#running;
    const lost = this.#backlog.dropAll();
    this.#link.close();
    this.#log?.close();
    return lost;
  }

  /** The same within this call: what is in flight may arrive in spite of it, and once more from the log. */
  closeSync(): void {
    if (this.#state === 'closed') return;
    this.#backlog.spillAll();
    this.#stop();
    this.#backlog.dropAll();
    this.#link.cancel();
    this.#link.close();
    this.#log?.close();
  }

  /** Whether units go to the log before they are tried. */
  get #logFirst(): boolean {
    return this.#away || (this.#log !== undefined && this.#options.durability === 'always');
  }

  get #away(): boolean {
    return this.#state === 'backing off' || this.#state === 'paused';
  }

  #stop(): void {
    this.#enter('closed');
    this.#cancelTimer();
    this.#cancelAdopt();
    this.#link.ignore();
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    for (const watch of this.#watchers) watch();
  }

  /** Claims what dead processes left: now, and every minute. */
  async #adopt(): Promise<void> {
    try {
      this.#backlog.claim((await this.#log?.adopt()) ?? [], this.#state === 'starting');
    } catch (error) {
      this.#narrator.fault(error);
    }
    if (this.#state === 'closed') return;
    if (this.#state === 'starting') this.#enter('delivering');
    this.#cancelAdopt = this.#runtime.after(ADOPT_MILLIS, () => void this.#adopt());
    this.#run();
  }

  #onReady(): void {
    // An attempt under way goes on by itself.
    if (this.#state !== 'backing off' || !this.#wakeable || this.#running !== undefined) return;
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
    return this.#backlog.turn(now);
  }

  #arm(): void {
    this.#cancelTimer();
    const { readyAt } = this.#backlog;
    if (this.#state === 'starting' || this.#state === 'closed' || readyAt === undefined) return;
    const wait = Math.max(this.#notBefore, readyAt) - this.#runtime.now();
    // What became possible while the last attempt was being judged.
    if (wait <= 0) this.#run();
    else this.#cancelTimer = this.#runtime.after(wait, () => this.#run());
  }

  async #sendHead(line: Line): Promise<void> {
    if (this.#logFirst) this.#backlog.spillNext(line);
    const unit = await line.next();
    if (unit === undefined) {
      if (!line.idle) line.readyAt = this.#runtime.now() + UNREADABLE_LOG_MILLIS;
      return;
    }
    if (unit.bytes.length > this.#limit && line.split(this.#options.split)) return;
    const replaying = line.logging;
    const began = this.#runtime.now();
    const attempt = await this.#link.send(unit.bytes, this.#away);
    if (attempt.ok || this.#state !== 'closed') {
      this.#options.onAttempt(attempt.ok ? 0 : attempt.code, this.#runtime.now() - began);
    }
    this.#judge(line, unit, attempt);
    if (replaying) line.readyAt = this.#runtime.now() + REPLAY_PAUSE_MILLIS;
    if (this.#state === 'delivering' && this.logged.units === 0) this.#narrator.replayed();
  }

  #judge(line: Line, unit: Unit, attempt: Attempt): void {
    if (attempt.ok) {
      const { rejectedPoints } = attempt;
      const message = printable(attempt.message);
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
        this.#failed('backing off', diagnosis, this.#backoff.next(verdict.floorMillis), verdict.floorMillis);
        break;
      case 'destination':
        this.#failed('paused', diagnosis, this.#probe.next(attempt.retryDelayMillis), 0);
        break;
      case 'too large':
        this.#answered();
        this.#limit = Math.min(this.#limit, verdict.limit);
        if (!line.split(this.#options.split)) this.#reject(line, unit, TOO_LARGE);
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
    const kept = this.#log?.keepRejected(unit, text) === true;
    line.rejected(text);
    this.#narrator.rejected(kind, unit.points, text, kept);
  }

  /** The receiver lives: whatever it said was about the data. */
  #answered(): void {
    this.#answers++;
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
    this.#wakeable = !this.#woken;
    this.#woken = false;
    this.#notBefore = now + waitMillis;
    this.#throttledUntil = now + floorMillis;
    this.#enter(state);
    this.#narrator.away(now, diagnosis, state === 'paused');
    void this.spill();
  }
}
