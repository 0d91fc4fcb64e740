import { tellDescriptions } from './describe.ts';
import type { Fault } from './key.ts';
import { type Cell, type Key, REVOKED, type Recorder, type RefusalReason } from './recorder.ts';
import { report } from './report.ts';
import { CLOSED, currentRecorder, type Definition, sharedState } from './state.ts';
import { quote } from './text.ts';

const state = sharedState();

/**
 * What the three handles have in common: finding their cell.
 *
 * Each operation of a handle has two ways. The fast one is open while `cell.gate === state.gate`, and touches
 * nothing but the cell. Everything else is the escape: it finds the recorder in effect, asks it for a cell if the
 * handle has none of its, and operates on that. `cell`, `owner` and `epoch` are a memo of one entry: whose cell this
 * is. A handle starts with the noop cell, and has it again whenever there is no recorder.
 *
 * The fast way is safe because a gate is only opened when `mayOpen` allows it, on a cell of the global recorder, in the
 * epoch that is current then; because a gate is closed by moving the epoch, which every installation does; and because
 * the first local recorder sets `state.gate` to a value that no cell ever has.
 */
export abstract class Handle<S> {
  protected cell: Cell<S>;
  private owner: Recorder | undefined;
  private epoch: number;
  readonly definition: Definition;
  /** The series, or why there is none: such a handle is inert. */
  protected readonly target: Key | Fault;

  constructor(definition: Definition, target: Key | Fault, noop: Cell<S>) {
    this.cell = noop;
    this.owner = undefined;
    this.epoch = 0;
    this.definition = definition;
    this.target = target;
  }

  /** Where operations go without a recorder. */
  protected abstract noop(): Cell<S>;

  protected abstract ask(recorder: Recorder, key: Key): Cell<S>;

  /** The cell of the recorder in effect. Not for inert handles. */
  protected resolve(): Cell<S> {
    const recorder = currentRecorder();
    if (this.owner !== recorder || this.epoch !== state.epoch || this.cell.gate === REVOKED) {
      this.bind(recorder);
    }
    return this.cell;
  }

  private bind(recorder: Recorder | undefined): void {
    const { epoch } = state;
    const { target } = this;
    if (recorder === undefined || 'reason' in target) {
      this.cell = this.noop();
    } else {
      tellDescriptions(recorder);
      warnOfReservedLabels(target);
      this.cell = this.ask(recorder, target);
    }
    this.owner = recorder;
    this.epoch = epoch;
  }

  /** Whether the next operations may take the fast way, now that the cell's sink was called. */
  protected mayOpen(cell: Cell<S>): boolean {
    if (state.gate === CLOSED || cell.slots === undefined || cell.gate === REVOKED) return false;
    // A recorder may have been replaced while the sink was called.
    return this.epoch === state.epoch;
  }

  /** Whether an operation may be carried out. If not, it is refused. */
  protected admits(problem: Problem | undefined, operation: string, value: unknown): boolean {
    if (problem === undefined && !('reason' in this.target)) return true;
    this.refuse(problem, operation, value);
    return false;
  }

  /** Does not carry out an operation: the recorder in effect counts it, and one warning is given. */
  refuse(problem: Problem | undefined, operation: string, value: unknown): void {
    const recorder = currentRecorder();
    if (recorder === undefined) return;
    const { kind, name } = this.definition;
    if ('reason' in this.target) {
      const { reason, subject, text } = this.target;
      recorder.refused(kind, reason);
      report(codeOf(reason), subject, text);
    } else if (problem !== undefined) {
      recorder.refused(kind, problem);
      const subject = `${kind} ${quote(name)}`;
      report(codeOf(problem), subject, () => `${subject}: ${explain(problem, operation, quote(value))}.`);
    }
  }
}

export function codeOf(reason: RefusalReason): string {
  return `OSTINATO_${reason.toUpperCase()}`;
}

/** Why an operation is refused although its series is valid. */
export type Problem = keyof typeof EXPLAINED;

export const EXPLAINED = {
  not_a_number: 'it is not a number',
  not_finite: 'it is not finite',
  negative: 'it is negative',
  invalid_count: 'a count is an integer of at least 0 and at most 2^53 - 1',
  not_a_time_unit: 'none of ns, us, ms, s, min, h, d',
} as const satisfies { readonly [R in RefusalReason]?: string };

function explain(problem: Problem, operation: string, value: string): string {
  return problem === 'not_a_time_unit'
    ? `${operation}() recorded nothing: the metric's unit ${value} is ${EXPLAINED[problem]}`
    : `${operation}(${value}) was refused: ${EXPLAINED[problem]}`;
}

/** Why a counter or histogram does not take `value`, if it does not. */
export function whyNotPositive(value: unknown): Problem | undefined {
  return whyNotFinite(value) ?? ((value as number) < 0 ? 'negative' : undefined);
}

/** Why a gauge does not take `value`, if it does not. */
export function whyNotFinite(value: unknown): Problem | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'not_a_number';
  return Number.isFinite(value) ? undefined : 'not_finite';
}

const IN_PROMETHEUS: { readonly [label: string]: string } = {
  le: "Prometheus gives 'le' to histogram buckets and overwrites or rejects yours",
  quantile: "Prometheus gives 'quantile' to summaries and overwrites or rejects yours",
  job: "Prometheus sets 'job' itself (from service.name): yours becomes 'exported_job' or is overwritten",
  instance:
    "Prometheus sets 'instance' itself (from service.instance.id): yours becomes 'exported_instance' or is overwritten",
};

/** Says once what Prometheus does with some labels. */
export function warnOfReservedLabels(key: Key): void {
  for (const [label] of key.labels) {
    if (!Object.hasOwn(IN_PROMETHEUS, label)) continue;
    const subject = `${quote(key.name)} label '${label}'`;
    report('OSTINATO_RESERVED_LABEL', subject, `${subject}: ${IN_PROMETHEUS[label]}. Choose another name.`);
  }
}
