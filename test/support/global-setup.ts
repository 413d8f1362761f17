import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD_FOLDER } from './gateway-process.ts';
import { makePostgresUser } from './postgres.ts';

/** Once for a whole run of the tests. */
export default async function setUp(): Promise<void> {
  process.env[BUILD_FOLDER] = await mkdtemp(join(tmpdir(), 'octane-bff-build-'));
  await makePostgresUser();
}
