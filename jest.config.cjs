/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
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
