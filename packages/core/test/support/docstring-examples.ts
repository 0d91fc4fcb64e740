import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(__dirname, '../../../..');
const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];

/** The code blocks of the docstrings, by source file. */
function examples(sources: string): readonly { file: string; code: string }[] {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(sources, file), 'utf8');
      const blocks = [...text.matchAll(/^ \* ```ts\n(.*?)^ \* ```$/gms)];
      return blocks.map(([, block = '']) => ({ file, code: block.replace(/^ \* ?/gm, '') }));
    });
}

/** Compiles the examples in the docstrings of a package's sources, each after `header`. What the compiler says. */
export function compileExamples(sources: string, header: string): { found: number; output: string } {
  return compile(examples(sources), header);
}

/** Compiles the examples of a page of the docs, which say themselves what they import. */
export function compilePage(page: string): { found: number; output: string } {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];
  return compile(
    blocks.map(([, code = '']) => ({ file: `${basename(page, '.md')}.ts`, code })),
    '',
  );
}

function compile(
  found: readonly { file: string; code: string }[],
  header: string,
): { found: number; output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'ostinato-examples-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    const files = found.map(({ file, code }, i) => {
      const path = join(directory, `${basename(file, '.ts')}-${i}.mts`);
      writeFileSync(path, `${header}\n${code}\nexport {};\n`);
      return path;
    });
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = spawnSync(tsc, [...options, ...files], { encoding: 'utf8', cwd: directory });
    return { found: found.length, output: stdout };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
