import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkDockerfile } from '../scripts/deploy/dockerfile.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octane-bff-image-'));
  const tree = [
    'package.json',
    'src/main.ts',
    'src/main.spec.ts',
    'scripts/build.ts',
    'a b.txt',
    'dist/main.js',
  ];
  for (const path of tree) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), '');
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function faultsOf(instructions: string, dockerignore: string): Promise<string[]> {
  await writeFile(join(folder, 'Dockerfile'), `FROM node AS build\n${instructions}\n`);
  await writeFile(join(folder, '.dockerignore'), dockerignore);
  const faults: string[] = [];
  checkDockerfile((fault) => faults.push(fault), folder);
  return faults;
}

const LEFT_OUT = 'finds nothing, because .dockerignore leaves it out';
const MISSING = 'finds nothing in the tree';

describe('check:deploy, of the Dockerfile', () => {
  it.each([
    ['a file', 'COPY package.json scripts/build.ts ./', ['COPY scripts/build.ts']],
    ['a folder', 'COPY scripts ./scripts', ['COPY scripts']],
    ['a folder with a slash', 'ADD scripts/ ./scripts/', ['ADD scripts/']],
    ['a pattern', 'COPY scripts/*.ts ./', ['COPY scripts/*.ts']],
    ['a list', 'COPY ["a b.txt", "package.json", "./"]', ['COPY a b.txt']],
    ['flags', 'COPY --chown=node:node --link scripts/build.ts ./', ['COPY scripts/build.ts']],
    ['several lines', 'COPY package.json \\\n  scripts/build.ts \\\n  ./', ['COPY scripts/build.ts']],
    ['a variable', 'ARG FROM=scripts\nCOPY ${FROM}/build.ts ./', ['COPY scripts/build.ts']],
    ['a later stage', 'FROM build\nCOPY scripts ./', ['COPY scripts']],
  ])('names what .dockerignore leaves out: %s', async (_what, instructions, places) => {
    const expected = places.map((place) => `Dockerfile: ${place} ${LEFT_OUT}`);
    expect(await faultsOf(instructions, '*\n!package.json\n!src\n')).toEqual(expected);
  });

  it.each(['COPY lib ./', 'COPY nothing-*.ts ./', 'COPY dist ./dist'])(
    'names what a checkout does not have: %s',
    async (instructions) => {
      const place = instructions.split(' ').slice(0, 2).join(' ');
      expect(await faultsOf(instructions, '')).toEqual([`Dockerfile: ${place} ${MISSING}`]);
    },
  );

  it.each([
    ['is not copied', 'COPY scripts/build.ts ./scripts/', ''],
    ['is left out', 'COPY scripts ./scripts', 'scripts/flags.ts'],
  ])('names a file that a copied one imports: it %s', async (_what, instructions, dockerignore) => {
    const imports = `import { join } from 'node:path';\nimport type { T } from './types.ts';\nimport {\n  flags,\n} from './flags.ts';\n`;
    await writeFile(join(folder, 'scripts/build.ts'), imports);
    await writeFile(join(folder, 'scripts/flags.ts'), '');
    expect(await faultsOf(instructions, dockerignore)).toEqual([
      'Dockerfile: scripts/build.ts is copied, and scripts/flags.ts, which it imports, is not',
    ]);
    expect(await faultsOf('COPY scripts ./scripts', '')).toEqual([]);
  });

  it.each([
    ['COPY src ./src', '*\n!src\n**/*.spec.ts'],
    ['COPY scripts/build.ts ./', '*\n!scripts/build.ts'],
    ['COPY . .', '*\n!src'],
    ['COPY --from=build /app/dist ./dist', '*'],
    ['ADD https://example.com/file.tar ./', '*'],
    ['COPY <<EOF /app/text\nwords\nEOF', '*'],
  ])('has nothing against %j with %j', async (instructions, dockerignore) => {
    expect(await faultsOf(instructions, dockerignore)).toEqual([]);
  });
});
