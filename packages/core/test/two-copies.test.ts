import { runFixture } from './support/run.ts';

it('an ESM and a CommonJS copy in one process share recorder, scopes, descriptions and warnings', () => {
  expect(runFixture('two-copies.mjs')).toEqual({
    differ: true,
    first: 2,
    refusal: 'OSTINATO_RECORDER_ALREADY_INSTALLED',
    installed: true,
    described: ['described.by.cjs', 'described.by.esm'],
    observed: [
      ['of.esm 1', 'of.cjs 2'],
      ['of.esm 1', 'of.cjs 2', 'of.esm 3', 'of.cjs 4'],
      [],
      ['of.cjs 2', 'of.cjs 4', 'of.esm 3'],
    ],
    warnings: [
      'OSTINATO_NOT_A_NUMBER',
      'OSTINATO_DEFINITION_DIFFERS',
      'OSTINATO_DEFINITION_DIFFERS',
      'OSTINATO_OBSERVED_TWICE',
    ],
    second: 20,
    timed: 3,
    local: 4,
  });
});
