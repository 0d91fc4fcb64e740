import { OstinatoError } from '@ostinato/core';
import type { Unit } from '../unit.ts';
import type { Outcome, Owner } from './account.ts';
import type { Runtime } from './runtime.ts';

/** What a stock reader wants to hear: 0 is SUCCESS, 1 is FAILED. */
export interface ExportResult {
  readonly code: 0 | 1;
  readonly error?: Error;
}

/** One export, encoded: `units` wholly; `lazy` step by step, a step gives a finished unit or nothing yet. */
export interface Encoded {
  readonly resource: string;
  readonly units: readonly Unit[];
  readonly lazy: Iterator<Unit | undefined> | undefined;
}

/** Where accepted units go. */
export interface Intake {
  /** Not delivering, and what comes stays in memory: there is nothing to wait for. */
  readonly holding: boolean;
  push(units: readonly Unit[], owner: Owner): void;
  /** Moves what waits in memory to the log, where there is one; resolves when it did, or could not. */
  spill(): Promise<void>;
  /** Somebody else's code threw. */
  fault(error: unknown): void;
}

// Longer than this the event loop is not held while a snapshot is read.
const SLICE_MILLIS = 1;

const SUCCESS: ExportResult = { code: 0 };

/** One call of `export()`: calls back once. */
class Batch implements Owner {
  readonly #callback: (result: ExportResult) => void;
  #pending = 0;
  #complete = false;
  #answered = false;
  #lostPoints = 0;
  #cause = '';

  constructor(callback: (result: ExportResult) => void) {
    this.#callback = callback;
  }

  get answered(): boolean {
    return this.#answered;
  }

  expect(units: number): void {
    this.#pending += units;
  }

  split(): void {
    this.#pending++;
  }

  settled(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'delivered':
        this.#one();
        break;
      case 'logged':
        void outcome.durable.then(() => this.#one());
        break;
      case 'rejected':
      case 'dropped':
        this.#lostPoints += outcome.points;
        this.#cause ||= `${outcome.kind}: ${outcome.cause}`;
        this.#one();
        break;
      default:
        outcome satisfies never;
    }
  }

  /** All its units are with their line. */
  completed(): void {
    this.#complete = true;
    this.#check();
  }

  /** What is not settled is kept: the answer is SUCCESS unless something was lost. */
  answer(): void {
    if (this.#lostPoints === 0) this.#call(SUCCESS);
    else this.fail(`${this.#lostPoints} points lost; ${this.#cause}`);
  }

  fail(message: string, cause?: unknown): void {
    this.#call({ code: 1, error: new OstinatoError('OSTINATO_EXPORT', message, { cause }) });
  }

  #one(): void {
    this.#pending--;
    this.#check();
  }

  #check(): void {
    if (this.#complete && this.#pending === 0) this.answer();
  }

  #call(result: ExportResult): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#callback(result);
  }
}

interface Reading {
  readonly batch: Batch;
  readonly units: readonly Unit[];
  readonly lazy: Iterator<Unit | undefined> | undefined;
  begun: boolean;
  /** `acceptMillis` are over. */
  due: boolean;
}

/**
 * The door of the exporter. It keeps no reference to what it was given: a foreign batch arrives here encoded, and our
 * own snapshot is read in slices of 1 ms. Batches enter their lines in the order of their exports.
 */
export class Acceptor {
  readonly #intake: Intake;
  readonly #runtime: Runtime;
  readonly #acceptMillis: number;
  readonly #reading: Reading[] = [];
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(intake: Intake, runtime: Runtime, acceptMillis: number) {
    this.#intake = intake;
    this.#runtime = runtime;
    this.#acceptMillis = acceptMillis;
  }

  /**
   * Takes one export, and calls back when it is delivered, safe, or known to be lost; after `acceptMillis` it is made safe,
   * as soon as it is read. So the answer is late where the event loop is busy; rather that than to hold it for longer.
   */
  accept(encoded: Encoded, callback: (result: ExportResult) => void): void {
    const cancel = this.#runtime.after(this.#acceptMillis, () => this.#due(batch), true);
    const batch = new Batch((result) => {
      cancel();
      try {
        callback(result);
      } catch (error) {
        this.#intake.fault(error);
      }
    });
    // Or they would become ever more.
    if (this.#reading.some(({ due }) => due)) this.finish();
    this.#reading.push({ batch, units: encoded.units, lazy: encoded.lazy, begun: false, due: false });
    // A snapshot of ours is not touched before the caller had its turn.
    if (!this.#scheduled) this.#read(0);
  }

  /** Resolves when everything that was accepted so far is with its line. */
  async drained(): Promise<void> {
    if (this.#reading.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Reads what is left to read at once, however long it takes. */
  finish(): void {
    this.#read(Number.POSITIVE_INFINITY);
  }

  #due(batch: Batch): void {
    const reading = this.#reading.find((each) => each.batch === batch);
    if (reading === undefined) this.#makeSafe(batch);
    else reading.due = true;
  }

  #makeSafe(batch: Batch): void {
    if (batch.answered) return;
    // What could not be written stays in memory; what was written survives the process, if not yet a power cut.
    void this.#intake.spill().then(() => batch.answer());
  }

  #read(millis: number): void {
    const end = this.#runtime.now() + millis;
    for (let [first] = this.#reading; first !== undefined; [first] = this.#reading) {
      if (!this.#readInto(first, end)) {
        this.#later();
        return;
      }
      this.#reading.shift();
      first.batch.completed();
      if (this.#intake.holding) first.batch.answer();
      if (first.due) this.#makeSafe(first.batch);
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** False if the batch was not read to its end in time. */
  #readInto(reading: Reading, end: number): boolean {
    const { batch, lazy } = reading;
    try {
      if (!reading.begun) this.#push(reading.units, batch);
      reading.begun = true;
      if (lazy === undefined) return true;
      for (let step = lazy.next(); !step.done; step = lazy.next()) {
        if (step.value !== undefined) this.#push([step.value], batch);
        if (this.#runtime.now() >= end) return false;
      }
    } catch (error) {
      batch.fail('the metrics cannot be taken in', error);
    }
    return true;
  }

  #push(units: readonly Unit[], batch: Batch): void {
    batch.expect(units.length);
    if (units.length > 0) this.#intake.push(units, batch);
  }

  #later(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.soon(() => {
      this.#scheduled = false;
      this.#read(SLICE_MILLIS);
    });
  }
}
