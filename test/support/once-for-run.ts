import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** Names the folder that all spec files of a run share. */
export const RUN_FOLDER = 'OCTANE_BFF_TEST_RUN';

/**
 * Makes something once for a whole run of the tests. Several spec files may ask at once: the first makes it, the others wait.
 *
 * @param make puts it in the folder that it is given
 * @returns that folder; undefined outside of a run of the tests
 * @throws Error when it could not be made, to each that asks
 */
export async function onceForRun(
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string | undefined> {
  const run = process.env[RUN_FOLDER];
  if (run === undefined) return undefined;
  const folder = join(run, name);
  const result = join(run, `${name}.result`);
  if (await isFirst(folder)) {
    // Renamed, so that nobody reads half of it.
    await writeFile(`${result}.new`, await faultOf(make(folder)));
    await rename(`${result}.new`, result);
  }
  await eventually(() => existsSync(result));
  const fault = await readFile(result, 'utf8');
  if (fault !== '') throw new Error(`${name} could not be made for this run: ${fault}`);
  return folder;
}

async function isFirst(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch {
    return false;
  }
}

function faultOf(made: Promise<void>): Promise<string> {
  return made.then(
    () => '',
    (error: unknown) => String(error),
  );
}
