/**
 * Makes what a release consists of, in the folder `release`, and says what a person then does. It pushes nothing, tags nothing and
 * changes no file of the repository.
 *
 *   npm run release
 *   npm run release -- --without-check     # to try it: does not run npm run check
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { vulnerabilitiesIn } from './release/audit.ts';
import { billOfMaterials } from './release/bill-of-materials.ts';
import { releaseFaults, versionOf } from './release/preconditions.ts';

const FOLDER = 'release';
/** What an installation without an image needs: `npm ci --omit=dev` and `npm start` in it. */
const IN_BUNDLE = [
  '.env.example',
  '.npmrc',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'config',
  'deploy',
  'dist',
  'docs',
  'openapi.json',
  'package-lock.json',
  'package.json',
];

const { values } = parseArgs({ options: { 'without-check': { type: 'boolean', default: false } } });
const faults = releaseFaults('.');
if (faults.length > 0) {
  for (const fault of faults) console.error(fault);
  process.exit(1);
}
const version = versionOf('.');
run('npm', 'run', values['without-check'] ? 'build' : 'check');
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
const bundle = makeBundle(`octane-bff-${version}`);
const bill = join(FOLDER, `octane-bff-${version}.cdx.json`);
const materials = billOfMaterials('dist');
writeFileSync(bill, `${JSON.stringify(materials, null, 2)}\n`);
writeFileSync(join(FOLDER, 'SHA256SUMS'), [bundle, bill].map(checksum).join(''));
console.log(`\n${bundle}: the compiled gateway`);
console.log(`${bill}: its ${materials.components.length} packages (CycloneDX)`);
if (values['without-check']) console.log('npm run check did not run. Do not publish this.');
audit();
console.log(`
What a person does now:
  1. Read CHANGELOG.md once more, and the list of packages.
  2. git tag --annotate v${version} --message 'octane-bff ${version}'     # --sign with a key
  3. git push origin main v${version}
  4. Make a release of the tag at GitHub, with all files of ${FOLDER}/ and the section of CHANGELOG.md.
  5. Build the image: docker build --tag octane-bff:${version} .           # docs/operations.md, Pin the images
  6. Begin the next version in package.json, and "## Unreleased" in CHANGELOG.md.`);

function run(command: string, ...args: string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** The same files give the same bytes: names in order, no owner, the time of the commit. GNU tar can do that. */
function makeBundle(name: string): string {
  const staging = mkdtempSync(join(tmpdir(), 'octane-bff-release-'));
  const file = join(FOLDER, `${name}.tar.gz`);
  try {
    for (const path of IN_BUNDLE) cpSync(path, join(staging, name, path), { recursive: true });
    const time = execFileSync('git', ['log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
    const sameEachTime = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
    const packed = ['--use-compress-program=gzip -9n', `--mtime=@${time}`, '--create', `--file=${file}`];
    execFileSync('tar', [...sameEachTime, ...packed, `--directory=${staging}`, name]);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return file;
}

function checksum(file: string): string {
  return `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`;
}

/** Known vulnerabilities stop a release; a registry that does not answer is only told of. */
function audit(): void {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
  const found = vulnerabilitiesIn(stdout);
  if (found === undefined) {
    console.log(
      'npm audit: the registry does not answer. Nothing is known of vulnerabilities: ask one that does.',
    );
  } else if (Object.keys(found).length > 0) {
    console.error('npm audit: ', found, '\nRun npm audit --omit=dev, and mend them first.');
    process.exit(1);
  } else {
    console.log('npm audit: no known vulnerability.');
  }
}
