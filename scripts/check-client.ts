/**
 * Checks the package of the TypeScript client as an app gets it: packed, installed in an empty folder, found by its name, every
 * `ts` block of the guides type-checked against it, and small.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const CLIENT = 'clients/typescript';
const MOST_BYTES = 5000;

/** What the guides say once and then take for granted. */
const GIVEN = `import type { OctaneBffClient } from 'octane-bff-client';
declare global {
  const client: OctaneBffClient;
  const accessToken: string;
  const process: { env: { TOKEN: string } };
}
`;

const app = mkdtempSync(join(tmpdir(), 'octane-bff-client-'));
try {
  installIn(app);
  checkGuides(app);
  await checkSize(app);
} finally {
  rmSync(app, { recursive: true, force: true });
}

function installIn(folder: string): void {
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: CLIENT,
    encoding: 'utf8',
  });
  const target = join(folder, 'node_modules', 'octane-bff-client');
  mkdirSync(target, { recursive: true });
  const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '');
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}

function checkGuides(folder: string): void {
  for (const guide of globSync('docs/guides/*.md')) {
    const blocks = [...readFileSync(guide, 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)];
    for (const [index, [, code = '']] of blocks.entries()) {
      const name = `${basename(guide, '.md')}-${index + 1}.ts`;
      writeFileSync(join(folder, name), `${code}\nexport {};\n`);
    }
  }
  writeFileSync(join(folder, 'given.d.ts'), GIVEN);
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    noEmit: true,
    types: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
  execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '--project', folder], {
    stdio: 'inherit',
  });
}

async function checkSize(folder: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from 'octane-bff-client';", resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2020',
    write: false,
  });
  const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  if (bytes > MOST_BYTES) throw new Error(`the client has ${bytes} bytes minified: more than ${MOST_BYTES}`);
  console.log(`The client's package works; minified it has ${bytes} bytes.`);
}
