/**
 * Writes what in the TypeScript client follows from an OpenAPI document of the gateway: its types and its methods.
 *
 *   npm run client                                      the client of this repository, from openapi.json
 *   npm run client -- --from openapi.json --out DIR     a package with the operations of that document, ready to install
 *
 * With `--check` it writes nothing, and fails where it would.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import type { OpenAPI3 } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { clientOperations } from './client/operations.ts';
import type { Schemas } from './client/operations.ts';

const CLIENT = 'clients/typescript';

try {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: 'openapi.json' },
      out: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const files = await generated(values.from);
  if (values.out !== undefined) await writePackage(values.out, files);
  else writeOwn(files, values.check);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** The files below `src` that follow from the document, with their content. */
async function generated(from: string): Promise<Map<string, string>> {
  const document = JSON.parse(readFileSync(from, 'utf8'), (_key, value) => withoutRules(value)) as OpenAPI3;
  const { openapi, info, components } = document;
  const { text, schemas } = clientOperations(document);
  const types = await openapiTS({
    openapi,
    info,
    paths: {},
    components: {
      schemas: { ...(components?.schemas as Schemas), ...schemas },
    },
  });
  const options = await resolveConfig(`${CLIENT}/src/schema.ts`);
  const header = `// Made from openapi.json by \`npm run client\`: what is changed here is lost.\n\n`;
  const file = (code: string): Promise<string> => format(header + code, { ...options, parser: 'typescript' });
  return new Map([
    ['schema.ts', await file(astToString(types))],
    ['operations.ts', await file(text)],
  ]);
}

type Schema = Record<string, unknown>;

/**
 * Takes out of a schema the rules that hold beside what it says of itself, of which a type can say no more than what is required.
 */
function withoutRules(value: unknown): unknown {
  if (!isSchema(value) || !Array.isArray(value['allOf']) || !isSchema(value['properties'])) return value;
  const { allOf, ...schema } = value as Schema & { allOf: Schema[]; properties: Schema };
  const isRule = (part: Schema): boolean =>
    part['type'] === undefined &&
    part['$ref'] === undefined &&
    Object.keys(part['properties'] ?? {}).every((name) => Object.hasOwn(schema.properties, name));
  const rest = allOf.filter((part) => !isRule(part));
  return allOf.filter(isRule).reduce(withRequired, { ...schema, ...(rest.length > 0 && { allOf: rest }) });
}

function withRequired(schema: Schema, rule: Schema): Schema {
  const {
    required = [],
    properties,
    items,
  } = schema as { required?: string[]; properties?: Schema; items?: unknown };
  const ruled = (rule['properties'] ?? {}) as Schema;
  const both = (one: unknown, other: unknown): unknown =>
    isSchema(one) && isSchema(other) ? withRequired(one, other) : one;
  return {
    ...schema,
    required: [...new Set([...required, ...((rule['required'] ?? []) as string[])])],
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, each]) => [name, both(each, ruled[name])]),
      ),
    }),
    ...(isSchema(items) && { items: both(items, rule['items']) }),
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function writeOwn(files: ReadonlyMap<string, string>, checkOnly: boolean): void {
  for (const [name, wanted] of files) {
    const target = join(CLIENT, 'src', name);
    if (existsSync(target) && readFileSync(target, 'utf8') === wanted) continue;
    if (checkOnly) {
      console.error(`${target} does not say what openapi.json does. Run: npm run client`);
      process.exitCode = 1;
    } else {
      writeFileSync(target, wanted);
      console.log(`Wrote ${target}`);
    }
  }
}

/** @throws Error where `out` holds another package, and where the compiler finds a fault */
async function writePackage(out: string, files: ReadonlyMap<string, string>): Promise<void> {
  const manifest = JSON.parse(readFileSync(`${CLIENT}/package.json`, 'utf8')) as Record<string, unknown>;
  // It is compiled here and now.
  delete manifest['scripts'];
  const target = join(out, 'package.json');
  if (existsSync(target)) {
    const { name } = JSON.parse(readFileSync(target, 'utf8')) as { name?: unknown };
    if (name !== manifest['name']) throw new Error(`${out} holds another package: name an empty folder.`);
  }
  mkdirSync(join(out, 'src'), { recursive: true });
  writeFileSync(target, `${JSON.stringify(manifest, null, 2)}\n`);
  const own = readdirSync(`${CLIENT}/src`).filter((name) => !name.endsWith('.spec.ts') && !files.has(name));
  for (const name of own) cpSync(join(CLIENT, 'src', name), join(out, 'src', name));
  for (const [name, content] of files) writeFileSync(join(out, 'src', name), content);
  compile(out, [...own, ...files.keys()]);
  console.log(`Wrote ${out}. Install it in an app with: npm install ${out}`);
}

/** @param names of the files below `src`: in `node_modules` the compiler takes only those that it is given */
function compile(folder: string, names: readonly string[]): void {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const config = ts.getParsedCommandLineOfConfigFile(`${CLIENT}/tsconfig.json`, {}, host)!;
  const program = ts.createProgram(
    names.map((name) => join(folder, 'src', name)),
    {
      ...config.options,
      rootDir: join(folder, 'src'),
      outDir: join(folder, 'dist'),
    },
  );
  const { diagnostics } = program.emit();
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0) {
    throw new Error(
      ts.formatDiagnostics(faults, { ...host, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }),
    );
  }
}
