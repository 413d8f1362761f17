import scalar from '@scalar/fastify-api-reference';
import fastify from 'fastify';

/** Zod, which Scalar contains, tries whether it may make code of text, which the page's policy forbids, unless it is told not to. */
const BEFORE = `/*! Scalar, https://github.com/scalar/scalar, MIT License */
globalThis.__zod_globalConfig = { jitless: true };
`;

/**
 * Scalar's script for browsers, UTF-8, 5 MB, fit to stand inside a page. The build calls this once and puts a module that reads
 * the script from a file in place of this one (scripts/bundle-packages.ts), so that no gateway loads the package.
 */
export async function scalarScript(): Promise<Buffer> {
  const server = fastify();
  await server.register(scalar, { routePrefix: '/', configuration: { url: 'openapi.json' } });
  const { body } = await server.inject('/js/scalar.js');
  // What HTML would take for the start or end of a script stands in strings and regular expressions: the escape means the same.
  return Buffer.from(BEFORE + body.replaceAll(/<(?=!--|\/?script)/gi, String.raw`\x3c`));
}
