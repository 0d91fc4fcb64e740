import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const sources = join(__dirname, '../src');
const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];

/** The code blocks of the docstrings, by source file. */
function examples(): readonly { file: string; code: string }[] {
  return readdirSync(sources).flatMap((file) => {
    const text = readFileSync(join(sources, file), 'utf8');
    const blocks = [...text.matchAll(/^ \* ```ts\n(.*?)^ \* ```$/gms)];
    return blocks.map(([, block = '']) => ({ file, code: block.replace(/^ \* ?/gm, '') }));
  });
}

it('the examples in the docstrings compile', () => {
  const found = examples();
  expect(found.length).toBeGreaterThanOrEqual(4);
  const names = readFileSync(join(sources, 'facade.ts'), 'utf8').match(/(?<=^export const )\w+/gm) ?? [];
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-examples-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    const files = found.map(({ file, code }, i) => {
      const path = join(directory, `${file.replace('.ts', '')}-${i}.mts`);
      const header = `import { ${names.join(', ')}, scope, withLocalRecorder, type Recorder } from '@ostinato/core';`;
      writeFileSync(path, `${header}\ndeclare const recorder: Recorder;\n${code}\nexport {};\n`);
      return path;
    });
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = spawnSync(tsc, [...options, ...files], { encoding: 'utf8', cwd: directory });
    expect(stdout).toBe('');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
