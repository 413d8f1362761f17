/**
 * Loaded before the tests, also in each thread.
 *
 * Each spec file has the modules of the tests for itself: what it imports of them bears its own query. All else is shared by the spec
 * files of a process (see runtime.js).
 *
 * TypeScript is compiled as it is loaded, decorators included. And the thread of the SQLite store runs as one bundled file: otherwise
 * each gateway of the tests would compile that thread's sources and load Kysely's files anew, which is most of its start.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/**
 * Where Jest looks for the source map of a file that a stack names.
 *
 * @type {Map<string, string>}
 */
export const sourceMaps = new Map();

const TESTS = new URL('..', import.meta.url).href;
const OURS = /^file:(?!.*\/node_modules\/).*\.ts(\?|$)/;

/** @type {import('@swc/core').Options} */
const COMPILER = {
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: true,
  swcrc: false,
};

registerHooks({
  resolve: (specifier, context, next) => {
    const bundle = process.env['OCTANE_BFF_TEST_STORE_THREAD'];
    if (bundle !== undefined && specifier.endsWith('/src/journal/store/sqlite-worker.ts'))
      return next(bundle, context);
    const resolved = next(specifier, context);
    if (!resolved.url.startsWith(TESTS)) return resolved;
    return { ...resolved, url: resolved.url + new URL(context.parentURL ?? TESTS).search };
  },
  load: (url, context, next) => {
    if (!OURS.test(url)) return next(url, context);
    return { format: 'module', source: compiled(url), shortCircuit: true };
  },
});

/** @type {Map<string, { code: string; map?: string }>} */
const outputs = new Map();

/** @param {string} url */
function compiled(url) {
  const filename = fileURLToPath(url);
  const output =
    outputs.get(filename) ?? transformSync(readFileSync(filename, 'utf8'), { ...COMPILER, filename });
  outputs.set(filename, output);
  sourceMaps.set(url, `data:application/json;base64,${Buffer.from(output.map ?? '').toString('base64')}`);
  return output.code;
}
