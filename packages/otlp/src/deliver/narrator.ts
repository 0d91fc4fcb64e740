import type { Degraded } from '../log/log.ts';
import type { Diagnosis } from './diagnose.ts';
import { printable } from './printable.ts';

/** Where the exporter speaks to humans: the methods of OTel `diag`. */
export interface Logger {
  info(text: string): void;
  warn(text: string): void;
}

/** What waits to be sent. */
interface Waiting {
  readonly units: number;
  readonly points: number;
}

/**
 * Says one line when the state changes, never one per failure: the first failure of each kind in an outage, the
 * recovery, the end of the replay, and each kind of loss once.
 */
export class Narrator {
  readonly #logger: Logger;
  readonly #destination: string;
  readonly #log: string | undefined;
  readonly #said = new Set<string>();
  readonly #kinds = new Set<string>();
  #awaySince: number | undefined;
  #replaying: Waiting | undefined;

  /** `log`: the directory of the fallback log, if there is one. */
  constructor(logger: Logger, destination: string, log: string | undefined) {
    this.#logger = quiet(logger);
    this.#destination = destination;
    this.#log = log;
  }

  /** An attempt failed: delivery pauses. */
  away(now: number, { kind, text }: Diagnosis, probing: boolean): void {
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    const still = this.#awaySince === undefined ? '' : 'still ';
    this.#awaySince ??= now;
    this.#replaying = undefined;
    const how = probing ? 'This is about the destination, not the data: probing' : 'Retrying';
    const where =
      this.#log === undefined
        ? 'metrics wait in memory (no fallback log is configured)'
        : `metrics go to the log in ${this.#log}`;
    this.#logger.warn(`${still}not delivering to ${this.#destination}: ${text}. ${how}; ${where}.`);
  }

  /** The receiver answers again. */
  back(now: number, waiting: Waiting): void {
    const seconds = ((now - (this.#awaySince ?? now)) / 1000).toFixed(1);
    this.#awaySince = undefined;
    this.#kinds.clear();
    // What the next outage costs is news again.
    for (const key of this.#said) if (/^(degraded |dropped |thinned$)/.test(key)) this.#said.delete(key);
    this.#replaying = waiting.units > 0 ? waiting : undefined;
    const then = waiting.units > 0 ? `; replaying ${counted(waiting)}` : '';
    this.#logger.info(`delivering to ${this.#destination} again after ${seconds} s${then}`);
  }

  /** The log of dead processes was found at start. */
  adopted(waiting: Waiting): void {
    this.#replaying = waiting;
    this.#logger.info(`replaying ${counted(waiting)} that earlier processes left in ${this.#log}`);
  }

  /** A log of this resource was found after newer data was sent. */
  adoptedLate(waiting: Waiting): void {
    this.#logger.warn(
      `found ${counted(waiting)} of another process in ${this.#log}: sent beside newer data, not before it`,
    );
  }

  /** Nothing waits in the log any more. */
  replayed(): void {
    if (this.#replaying === undefined) return;
    this.#replaying = undefined;
    this.#logger.info(`replay finished: nothing is left in the log`);
  }

  /** `kept`: for people, in the log's directory. */
  rejected(kind: string, points: number, text: string, kept = false): void {
    const where = kept ? `; what is refused is kept in ${this.#log}/rejected` : '';
    this.#once(
      `rejected ${kind}`,
      `${points} points were refused for good by ${this.#destination}: ${text}${where}`,
    );
  }

  /** A partial success without rejected points: a warning of the receiver. */
  warned(text: string): void {
    this.#once('warned', `${this.#destination} took everything, with a warning: ${text}`);
  }

  degraded({ code, message }: Degraded): void {
    this.#once(
      `degraded ${code}`,
      `the fallback log in ${this.#log} cannot be written (${printable(message)}): metrics wait in memory`,
    );
  }

  handedOver(points: number): void {
    this.#once(
      'handed over',
      `${points} points in ${this.#log} are another process's now, which took this one for dead and delivers them`,
    );
  }

  thinned(points: number): void {
    this.#once(
      'thinned',
      `the fallback log in ${this.#log} reached its bounds: ${points} points of cumulative series were left out, whose totals later points hold`,
    );
  }

  /** Something in the log cannot be read, not even how much it was. */
  damaged(): void {
    this.#once(
      'damaged',
      `part of the fallback log in ${this.#log} is damaged: how many points it held is unknown; it is kept in ${this.#log}/damaged`,
    );
  }

  dropped(points: number, cause: string): void {
    this.#once(`dropped ${cause}`, `${points} points were lost: ${cause}`);
  }

  /** Something of ours failed; delivery goes on. */
  fault(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#once(`fault ${text}`, `delivery met an unexpected error and goes on: ${printable(text)}`);
  }

  #once(key: string, text: string): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#logger.warn(`${text}. (Said once; the exporter's status() counts.)`);
  }
}

/** What a logger throws is its own affair: delivery goes on. */
export function quiet(logger: Logger): Logger {
  const say = (how: keyof Logger) => (text: string) => {
    try {
      logger[how](text);
    } catch {
      // There is nowhere to say it.
    }
  };
  return { info: say('info'), warn: say('warn') };
}

function counted({ units, points }: Waiting): string {
  return `${units} ${units === 1 ? 'request' : 'requests'} (${points} points)`;
}
