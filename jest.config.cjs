const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // Not in the one process: with each file's recorders it would become too large for a small machine to start children.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: '400MB',
  // A net for what hangs, not a limit: slow machines are no failure.
  testTimeout: 600_000,
  // Tests run in a context of their own, where each look at a global object takes most of a microsecond otherwise.
  sandboxInjectedGlobals: ['Math', 'Atomics'],
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/examples/*/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/(dist|cjs)/package.json'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
  },
};
