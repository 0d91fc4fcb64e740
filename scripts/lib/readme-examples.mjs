// The examples in the packages' READMEs, each a module of its own, compile against what is built.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages, root } from './workspace.mjs';

const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];

/** What the compiler has to say, or nothing. */
export function uncompilableExamples() {
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-readme-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    const files = packages.flatMap(({ dir, path }) => {
      const readme = readFileSync(join(path, 'README.md'), 'utf8');
      return [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code], i) => {
        const file = `${dir}-${i}.mts`;
        writeFileSync(join(directory, file), code);
        return file;
      });
    });
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const { stdout } = spawnSync(tsc, [...options, ...files], { encoding: 'utf8', cwd: directory });
    return stdout === '' ? undefined : stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
