// npm run check: everything that can be said about the sources without running them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { brokenRules } from './lib/architecture.mjs';
import { undocumentedCodes } from './lib/error-codes.mjs';
import { uncompilableExamples } from './lib/readme-examples.mjs';
import { packages, root } from './lib/workspace.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const failed = [];

function step(title, run) {
  const problem = run();
  process.stdout.write(`${problem === undefined ? 'ok  ' : 'FAIL'}  ${title}\n`);
  if (problem === undefined) return;
  failed.push(title);
  process.stdout.write(`${problem.trimEnd()}\n`);
}

function command(file, args, cwd = root) {
  const done = spawnSync(file, args, { cwd, encoding: 'utf8' });
  return done.status === 0 ? undefined : `${done.stdout}${done.stderr}${done.error ?? ''}`;
}

function lines(problems) {
  return problems.length === 0 ? undefined : problems.join('\n');
}

step('lint and format (biome)', () => command(bin('biome'), ['check', '--error-on-warnings', '.']));
step('types of tests (tsc)', () => command(bin('tsc'), ['-p', 'tsconfig.test.json']));
step('dependency direction and manifests', () => lines(brokenRules()));
step('docs/errors.md', () => lines(undocumentedCodes()));
step('examples in READMEs compile', uncompilableExamples);
for (const { dir, path } of packages) {
  step(`packages/${dir}: publint`, () => command(bin('publint'), ['--strict', path]));
  step(`packages/${dir}: are the types wrong`, () =>
    command(bin('attw'), ['--pack', '.', '--format', 'ascii'], path),
  );
}

process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `${failed.length} checks failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
