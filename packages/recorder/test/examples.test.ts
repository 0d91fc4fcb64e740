import { join } from 'node:path';
import { compileExamples, compilePage } from '../../core/test/support/docstring-examples.ts';

test('the examples in the docstrings compile', () => {
  const header = [
    "import * as recorderPackage from '@ostinato/recorder';",
    "import { DebuggingRecorder } from '@ostinato/testing';",
    'const { AtomicBucket, createRecorder, prefix, filter, commonLabels, rename, redact, route, fanout } = recorderPackage;',
    'declare const recorder: recorderPackage.AtomicRecorder;',
    'declare const auditRecorder: recorderPackage.AtomicRecorder;',
  ].join('\n');
  const { found, output } = compileExamples(join(__dirname, '../src'), header);
  expect(output).toBe('');
  expect(found).toBeGreaterThanOrEqual(9);
});

test('the examples of the page on layers compile', () => {
  expect(compilePage(join(__dirname, '../../../docs/layers.md'))).toEqual({ found: 4, output: '' });
});

test('the examples of the page on cardinality compile', () => {
  expect(compilePage(join(__dirname, '../../../docs/cardinality.md'))).toEqual({ found: 4, output: '' });
});
