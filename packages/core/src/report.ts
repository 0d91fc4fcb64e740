import { sharedState } from './state.ts';

/** Where warnings of core and recorder go. */
export type Reporter = (code: string, text: string) => void;

const LIMIT = 1_000;
const state = sharedState();

/**
 * Warns once per (code, subject) in this isolate, whatever the text is then. Never throws.
 *
 * @param code stable, such as `OSTINATO_NEGATIVE`
 * @param subject what the warning is about, most often a metric's name
 * @param text a sentence, or what makes one when it is needed
 */
export function report(code: string, subject: string, text: string | (() => string)): void {
  const { reported } = state;
  const about = `${code} ${subject}`;
  if (reported.size > LIMIT || reported.has(about)) return;
  reported.add(about);
  if (reported.size > LIMIT) {
    speak('OSTINATO_MORE_WARNINGS', `${LIMIT} different warnings were given; further ones are suppressed.`);
  } else {
    speak(code, typeof text === 'function' ? text() : text);
  }
}

function speak(code: string, text: string): void {
  try {
    state.report(code, text);
  } catch {
    // A reporter that fails must not reach the code that records.
  }
}

/** Sends warnings elsewhere (by default `process.emitWarning`). Returns the previous reporter, to restore it. */
export function setReporter(reporter: Reporter): Reporter {
  const previous = state.report;
  state.report = reporter;
  return previous;
}
