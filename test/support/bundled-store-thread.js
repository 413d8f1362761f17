/**
 * Loaded before the tests, also in each thread: the thread of the SQLite store runs as one bundled file. Otherwise each gateway
 * of the tests would strip the types of that thread's sources and load Kysely's files anew, which is most of its start.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    const bundle = process.env['OCTANE_BFF_TEST_STORE_THREAD'];
    return next(
      bundle !== undefined && specifier.endsWith('/src/journal/store/sqlite-worker.ts') ? bundle : specifier,
      context,
    );
  },
});
