import { setReporter } from '@ostinato/core';
import { cases } from './cases.ts';
import { Context } from './context.ts';
import { exemplarCases } from './exemplar-cases.ts';
import { observedCases } from './observed-cases.ts';
import type { ContractSubject } from './subject.ts';
import { ways } from './ways.ts';

/** One rule of the contract, ready to be given to any test framework. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * What every recorder must do, as a list of cases; each makes its own subject. Every case runs on cells with their
 * fast path, on sinks alone, and through the facade with a global and with a local recorder, in this order. Nothing
 * may be installed globally meanwhile. For a recorder without `observe` the cases about it are left out, with one warning.
 *
 * ```ts
 * for (const { name, run } of recorderContract(() => subjectOf(new MyRecorder()))) test(name, run);
 * ```
 */
export function recorderContract(makeSubject: () => ContractSubject): readonly ContractCase[] {
  let warned = false;
  const warn = (): void => {
    if (!warned)
      process.emitWarning('The recorder has no observe(): the cases about observed values are left out.');
    warned = true;
  };
  return Object.entries(ways).flatMap(([way, through]) =>
    Object.entries({ ...cases, ...exemplarCases, ...observedCases }).map(([title, check]) => ({
      name: `through ${way}: ${title}`,
      async run() {
        const subject = makeSubject();
        const reporter = setReporter(() => {});
        try {
          if (subject.recorder.observe === undefined && Object.hasOwn(observedCases, title)) return warn();
          const t = new Context(subject, through(subject.recorder));
          try {
            await check(t);
          } finally {
            t.close();
          }
        } finally {
          setReporter(reporter);
          await subject.close?.();
        }
      },
    })),
  );
}
