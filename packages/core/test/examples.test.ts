import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileExamples } from './support/docstring-examples.ts';

const sources = join(__dirname, '../src');

it('the examples in the docstrings compile', () => {
  const names = readFileSync(join(sources, 'facade.ts'), 'utf8').match(/(?<=^export const )\w+/gm) ?? [];
  const { found, output } = compileExamples(
    sources,
    `import { ${names.join(', ')}, scope, withLabels, withLocalRecorder, type Recorder } from '@ostinato/core';
     declare const recorder: Recorder;`,
  );
  expect(output).toBe('');
  expect(found).toBeGreaterThanOrEqual(4);
});
