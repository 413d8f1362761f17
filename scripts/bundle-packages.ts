/**
 * Puts the packages that the compiled gateway in a folder (`dist`, or the one that is named) imports into a few files beside
 * it: to find and read some two thousand files of packages was most of the time that a start took. The gateway's own files stay
 * as they are but for the names that they import from. What V8 makes of all of them is kept beside them, too.
 */
import { spawnSync } from 'node:child_process';
import { chmod, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { startFlags } from './start-flags.ts';

/** Found at run time in `node_modules`: a native module, and what the packages take only where it is installed. */
const NOT_BUNDLED = [
  'better-sqlite3',
  // Must have run before any class of Nest is made.
  'reflect-metadata',
  'pg-native',
  'pg-cloudflare',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
];

/** Stands in for src/open-api/scalar.ts. */
const READS_SCALAR = `
import { readFile } from 'node:fs/promises';
export const scalarScript = () => readFile(new URL('scalar-script.txt', import.meta.url));
`;

const folder = process.argv[2] ?? 'dist';
await build({
  absWorkingDir: resolve(folder),
  entryPoints: await Array.fromAsync(glob('**/*.js', { cwd: folder })),
  outdir: '.',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: 'packages/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // esbuild renames classes; logs, metrics and the OpenAPI document know ours by their names.
  keepNames: true,
  external: NOT_BUNDLED.flatMap((name) => [name, `${name}/*`]),
  // Packages of CommonJS ask for Node's modules by `require`, which an ES module does not have.
  banner: {
    js: `import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);`,
  },
  logLevel: 'error',
  sourcemap: true,
  sourcesContent: false,
  plugins: [
    {
      name: 'the text of Scalar stays a file',
      setup: (bundler) =>
        bundler.onLoad({ filter: /open-api\/scalar\.js$/ }, async ({ path }) => {
          const { scalarScript } = (await import(path)) as typeof import('../src/open-api/scalar.ts');
          await writeFile(join(dirname(path), 'scalar-script.txt'), await scalarScript());
          return { contents: READS_SCALAR };
        }),
    },
    {
      // Node makes all that node:http has ready for an import, WebSocket and with it a second undici, which nobody here asks for.
      name: 'node:http is required, not imported',
      setup: (bundler) => {
        bundler.onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) =>
          kind === 'import-statement' ? { path, namespace: 'required' } : undefined,
        );
        bundler.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
          contents: `module.exports = require(${JSON.stringify(path)})`,
        }));
      },
    },
    {
      name: 'own files stay apart',
      setup: (bundler) =>
        bundler.onResolve({ filter: /^\.\.?\// }, ({ importer, path, kind }) =>
          kind === 'entry-point' || importer.includes('node_modules') ? undefined : { path, external: true },
        ),
    },
  ],
});
await nameOnlyClasses();
// Node reads every map that it finds when it starts, and these would tell of lines that nobody here wrote.
for await (const map of glob('packages/*.map', { cwd: folder })) await rm(join(folder, map));
await fillCompileCache();

/** To compile the files is a sixth of a start. A start without settings loads them all, finds fault, and leaves what it compiled. */
async function fillCompileCache(): Promise<void> {
  const cache = join(folder, 'compile-cache');
  await rm(cache, { recursive: true, force: true });
  await mkdir(cache);
  const { status, stderr } = spawnSync(process.execPath, [...(await startFlags()), join(folder, 'main.js')], {
    env: {},
    encoding: 'utf8',
  });
  if (status !== 1 || !stderr.includes('is required')) throw new Error(`a start without settings: ${stderr}`);
  // Node lets nobody but the builder read them; a copy of them may belong to somebody else, as in the image.
  for await (const file of glob('*/*', { cwd: cache })) await chmod(join(cache, file), 0o644);
}

/**
 * esbuild names every function as it is made, each closure of each request too, which cost more there than any other function.
 * Only classes need it: esbuild renames those, and names them in a static block.
 */
async function nameOnlyClasses(): Promise<void> {
  let helpers = 0;
  for await (const file of glob('**/*.js', { cwd: folder })) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    const named = text
      .replaceAll('__name(this, ', '__name.ofClass(this, ')
      .replace(/^var __name = (\(target, value\) => .*);$/m, (_, helper: string) => {
        helpers += 1;
        return `var __name = Object.assign((target) => target, { ofClass: ${helper} });`;
      });
    if (named !== text) await writeFile(path, named);
  }
  if (helpers !== 1) throw new Error(`esbuild's __name was expected once and found ${helpers} times`);
}
