/** Writes the types of the TypeScript client from openapi.json. With `--check` it writes nothing, and fails where it would. */
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import type { OpenAPI3 } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const SOURCE = 'openapi.json';
const TARGET = 'clients/typescript/src/schema.ts';

const types = astToString(await openapiTS(schemasOf(await readFile(SOURCE, 'utf8'))));
const header = `// Made from ${SOURCE} by \`npm run client\`: what is changed here is lost.\n\n`;
const wanted = await format(header + types, { ...(await resolveConfig(TARGET)), filepath: TARGET });
if ((await readFile(TARGET, 'utf8').catch(() => '')) !== wanted) {
  if (process.argv.includes('--check')) {
    console.error(`${TARGET} does not say what ${SOURCE} does. Run: npm run client`);
    process.exitCode = 1;
  } else {
    await writeFile(TARGET, wanted);
    console.log(`Wrote ${TARGET}`);
  }
}

/** What the client has types for: the schemas, without the rules between fields, which no type can say. */
function schemasOf(text: string): OpenAPI3 {
  const { openapi, info, components } = JSON.parse(text, withoutConditions) as OpenAPI3;
  return { openapi, info, paths: {}, components: { schemas: components?.schemas ?? {} } };
}

function withoutConditions(key: string, value: unknown): unknown {
  return key === 'allOf' && (value as object[]).some((part) => 'if' in part) ? undefined : value;
}
