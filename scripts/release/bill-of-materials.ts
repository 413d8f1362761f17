import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: string }[];
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/** What is read or written of a bill of materials: CycloneDX 1.5. */
export interface Bill {
  metadata: { component: { name: string; 'bom-ref': string } };
  components: readonly Component[];
  dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

/** Comes into the build as a text, without a trace of where from: src/open-api/scalar.ts. */
const AS_TEXT = '@scalar/fastify-api-reference';

/**
 * What the gateway runs with, by package-lock.json: the packages of production, and those of development of which the build puts
 * something into `dist`. `npm sbom --omit dev` should do the first, but leaves out what packages of development need too, such as pg
 * (npm/cli issue 7909).
 *
 * @param dist a compiled gateway
 */
export function billOfMaterials(dist: string): Bill {
  const bill = ofAllPackages();
  const installed = new Set(bill.components.filter((one) => !isOfDevelopment(one)).map(({ name }) => name));
  const built = packagesBuiltInto(dist).add(AS_TEXT);
  const components = bill.components.filter((one) =>
    installed.has(one.name) ? !isOfDevelopment(one) : built.has(one.name),
  );
  const refs = new Set([bill.metadata.component, ...components].map((one) => one['bom-ref']));
  return {
    ...bill,
    metadata: { ...bill.metadata, component: { ...bill.metadata.component, name: 'octane-bff' } },
    components,
    dependencies: bill.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) })),
  };
}

function ofAllPackages(): Bill {
  const command = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  return JSON.parse(execFileSync('npm', command, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })) as Bill;
}

function isOfDevelopment({ properties }: Component): boolean {
  return properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
}

/** The packages of which something stands in a compiled gateway: esbuild says in a comment where each part comes from. */
export function packagesBuiltInto(dist: string): Set<string> {
  const names = new Set<string>();
  for (const file of globSync('**/*.js', { cwd: dist })) {
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, name = ''] of text.matchAll(
      /^(?:\/\/ |\s*")[^\s"]*node_modules\/((?:@[^/\s"]+\/)?[^/\s"]+)\//gm,
    )) {
      names.add(name);
    }
  }
  return names;
}
