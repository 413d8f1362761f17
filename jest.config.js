/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/sandbox', '<rootDir>/clients', '<rootDir>/bench'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  // Starting processes and databases takes its time on two busy cores; no test asserts a duration.
  testTimeout: 30_000,
  // Jest leaves one core to itself, which of two is half: much of the suite waits for processes and sockets.
  maxWorkers: 2,
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFiles: ['<rootDir>/test/support/preload.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};
