const base = require('./jest.config.cjs');

/** @type {import('jest').Config} npm run test:collector */
module.exports = { ...base, testMatch: ['<rootDir>/otel-collector/test/**/*.test.ts'] };
