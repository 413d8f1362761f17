import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { vulnerabilitiesIn } from '../scripts/release/audit.ts';
import { billOfMaterials, packagesBuiltInto } from '../scripts/release/bill-of-materials.ts';
import { releaseFaults } from '../scripts/release/preconditions.ts';

interface LockEntry {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (path: string): any => JSON.parse(readFileSync(path, 'utf8'));
const packages = Object.entries(read('package-lock.json').packages as Record<string, LockEntry>).filter(
  ([path]) => path !== '',
);

/** Packages of development of which something stands in what the test builds. */
const AS_BUILT = new Set(['node_modules/@scalar/fastify-api-reference', 'node_modules/@swc/core']);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octane-bff-release-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what is installed', () => {
  it('every entry of package-lock.json has the digest of what npm installs', () => {
    const without = packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it('no package that the gateway runs with may run a script when it is installed', () => {
    const scripts = read('package.json').allowScripts as Record<string, boolean | undefined>;
    const production = packages.filter(([, { dev }]) => dev !== true).map(([path]) => path);
    expect(production.filter((path) => scripts[path.slice('node_modules/'.length)] === true)).toEqual([]);
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^strict-allow-scripts=true$/m);
  });

  it('the build context of the image has no source control, no secrets and no journal', () => {
    const context = dockerignore.default().add(readFileSync('.dockerignore', 'utf8'));
    for (const path of [
      '.git/config',
      '.env',
      'data/gateway.db',
      'config/gateway.yaml',
      'test/secrecy.spec.ts',
    ])
      expect([path, context.ignores(path)]).toEqual([path, true]);
    expect(context.ignores('src/main.ts')).toBe(false);
  });
});

it('the bill of materials names what the gateway runs with, and what the build puts into it', () => {
  mkdirSync(join(folder, 'packages'));
  writeFileSync(
    join(folder, 'packages/chunk.js'),
    '// ../node_modules/fastify/fastify.js\nvar a = __commonJS({\n  "../node_modules/@swc/core/index.js"(exports) {\n',
  );
  writeFileSync(join(folder, 'main.js'), 'import "./packages/chunk.js"; // node_modules/none of them\n');
  expect([...packagesBuiltInto(folder)].toSorted()).toEqual(['@swc/core', 'fastify']);

  const { metadata, components, dependencies } = billOfMaterials(folder);
  expect(metadata.component.name).toBe('octane-bff');
  const installed = packages
    .filter(([path, { dev }]) => dev !== true || AS_BUILT.has(path))
    .map(([path, { version }]) => `${path.split('node_modules/').at(-1)} ${version}`);
  const named = components.map(({ name, version }) => `${name} ${version}`);
  expect(new Set(named)).toEqual(new Set(installed));
  expect(dependencies).toHaveLength(components.length + 1);
  expect(components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([]);
});

describe('a release', () => {
  const git = (...args: string[]): void => {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
    execFileSync('git', [...who, ...args], { cwd: folder, stdio: 'ignore' });
  };
  const write = (changelog: string, locked = '1.2.3'): void => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.2.3' }));
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ packages: { '': { version: locked } } }),
    );
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'all');
  };
  const GOOD = '# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-28\n\n### Added\n\n- All.\n';

  it('has nothing against it where the tree is clean and the changelog has the version', () => {
    write(GOOD);
    expect(releaseFaults(folder)).toEqual([]);
  });

  it.each([
    [
      'no section of the version',
      '# Changelog\n\n## 1.2.30 - 2026-11-28\n',
      '1.2.3',
      /CHANGELOG.md has no section/,
    ],
    ['a section without a date', '# Changelog\n\n## 1.2.3\n', '1.2.3', /CHANGELOG.md has no section/],
    [
      'entries that belong to no version',
      GOOD.replace('## Unreleased\n', '## Unreleased\n\n### Added\n\n- More.\n'),
      '1.2.3',
      /under "Unreleased"/,
    ],
    ['another version in the lock file', GOOD, '1.2.2', /package-lock.json has another version/],
  ])('is refused for %s', (_, changelog, locked, fault) => {
    write(changelog, locked);
    expect(releaseFaults(folder)).toEqual([expect.stringMatching(fault)]);
  });

  it('is refused for a tree that is not clean, and for a version that has a tag', () => {
    write(GOOD);
    git('tag', 'v1.2.3');
    writeFileSync(join(folder, 'new'), '');
    expect(releaseFaults(folder)).toEqual([
      expect.stringContaining('not clean'),
      expect.stringContaining('The tag v1.2.3'),
    ]);
  });
});

it.each([
  ['{"metadata":{"vulnerabilities":{"low":0,"high":2,"total":2}}}', { high: 2 }],
  ['{"metadata":{"vulnerabilities":{"low":0,"high":0,"total":0}}}', {}],
  ['{"message":"audit endpoint returned an error","error":{}}', undefined],
  ['npm error audit endpoint returned an error', undefined],
])('an audit that prints %s says %j', (printed, said) => {
  expect(vulnerabilitiesIn(printed)).toEqual(said);
});
