import { setReporter } from '../../src/index.ts';

/** Collects what is reported during a test file, in place of `process.emitWarning`. */
export function collectWarnings(): { code: string; text: string }[] {
  const warnings: { code: string; text: string }[] = [];
  beforeEach(() => {
    warnings.length = 0;
    setReporter((code, text) => warnings.push({ code, text }));
  });
  return warnings;
}
