import { runFixture } from './support/run.ts';

it('an ESM and a CommonJS copy in one process share recorder, scopes, descriptions and warnings', () => {
  expect(runFixture('two-copies.mjs')).toEqual({
    differ: true,
    first: 2,
    refusal: 'OSTINATO_RECORDER_ALREADY_INSTALLED',
    installed: true,
    described: ['described.by.cjs', 'described.by.esm'],
    warnings: ['OSTINATO_NOT_A_NUMBER', 'OSTINATO_DEFINITION_DIFFERS', 'OSTINATO_DEFINITION_DIFFERS'],
    second: 20,
    timed: 3,
    local: 4,
  });
});
