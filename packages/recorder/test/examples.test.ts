import { join } from 'node:path';
import { compileExamples } from '../../core/test/support/docstring-examples.ts';

test('the examples in the docstrings compile', () => {
  const header = "import { AtomicBucket } from '@ostinato/recorder';";
  const { found, output } = compileExamples(join(__dirname, '../src'), header);
  expect(output).toBe('');
  expect(found).toBeGreaterThanOrEqual(2);
});
