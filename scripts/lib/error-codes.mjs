// docs/errors.md lists every code that the sources give, and no other.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packages, root, typeScriptFiles } from './workspace.mjs';

const CODE = /\bOSTINATO_[A-Z_]*[A-Z]\b/g;

/** Returns one line for each code that stands in one of them only. */
export function undocumentedCodes() {
  const documented = new Set(readFileSync(join(root, 'docs', 'errors.md'), 'utf8').match(CODE));
  const given = new Map(
    refusalReasons().map((reason) => [`OSTINATO_${reason.toUpperCase()}`, 'a RefusalReason']),
  );
  for (const { path } of packages) {
    for (const file of typeScriptFiles(join(path, 'src'))) {
      for (const code of readFileSync(file, 'utf8').match(CODE) ?? []) given.set(code, relative(root, file));
    }
  }
  return [
    ...[...given]
      .filter(([code]) => !documented.has(code))
      .map(([code, where]) => `${code} (${where}) is not in docs/errors.md`),
    ...[...documented]
      .filter((code) => !given.has(code))
      .map((code) => `docs/errors.md: nothing gives ${code}`),
  ];
}

/** A refusal is reported under its reason in capitals. */
function refusalReasons() {
  const source = readFileSync(join(root, 'packages', 'core', 'src', 'recorder.ts'), 'utf8');
  const [, union = ''] = /export type RefusalReason =([^;]*);/.exec(source) ?? [];
  return [...union.matchAll(/'([a-z_]+)'/g)].map(([, reason]) => reason);
}
