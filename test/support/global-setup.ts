import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { RUN_FOLDER } from './once-for-run.ts';
import { SharedPostgres } from './shared-postgres.ts';

declare global {
  /** Ends what the run began. */
  var octaneBffTearDown: () => Promise<void>;
}

/** Once for a whole run of the tests. */
export default async function setUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'octane-bff-run-'));
  process.env[RUN_FOLDER] = folder;
  // For all processes that a test starts: to compile what they load is most of their start.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compile-cache');
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await bundleStoreThread(join(folder, 'store-thread.mjs'));
  const postgres = new SharedPostgres();
  await postgres.open();
  globalThis.octaneBffTearDown = async () => {
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  };
}

async function bundleStoreThread(outfile: string): Promise<void> {
  const entryPoints = ['src/journal/store/sqlite-worker.ts'];
  const banner = `import { createRequire as of } from 'node:module'; const require = of(import.meta.url);`;
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: banner },
    external: ['better-sqlite3', 'pg-native'],
  });
  process.env['OCTANE_BFF_TEST_STORE_THREAD'] = pathToFileURL(outfile).href;
}
