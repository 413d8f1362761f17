/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/sandbox', '<rootDir>/clients', '<rootDir>/bench'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: '<rootDir>/test/support/environment.js',
  // Starting processes and databases takes its time on two busy cores; no test asserts a duration. What a test waits for in
  // vain is named earlier, by `eventually`.
  testTimeout: 120_000,
  // A worker that has much to give back takes longer than Jest's half a second on a busy machine. What holds one for ever is
  // named by the test environment.
  workerGracefulExitTimeout: 30_000,
  // Much of the suite waits for processes, sockets and timers: twice the cores of the smallest machine.
  maxWorkers: 4,
  runtime: '<rootDir>/test/support/runtime.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/first-error.ts'],
};
