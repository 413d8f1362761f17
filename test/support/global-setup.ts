import { mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { BUILD_FOLDER } from './gateway-process.ts';
import { makePostgresUser } from './postgres.ts';

/** Once for a whole run of the tests. */
export default async function setUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'octane-bff-build-'));
  process.env[BUILD_FOLDER] = folder;
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await bundleStoreThread(join(folder, 'store-thread.mjs'));
  await makePostgresUser();
}

async function bundleStoreThread(outfile: string): Promise<void> {
  const entryPoints = ['src/journal/sqlite-worker.ts'];
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
