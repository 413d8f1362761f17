import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns the version of a folder, by its package.json */
export function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** What stands against a release of the folder, one sentence each. */
export function releaseFaults(folder: string): string[] {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
  const version = versionOf(folder);
  const faults: string[] = [];
  if (git('status', '--porcelain') !== '') {
    faults.push('The tree is not clean: commit what git status shows, or take it away.');
  }
  if (git('tag', '--list', `v${version}`) !== '') {
    faults.push(
      `The tag v${version} is there already: raise the version, npm version VERSION --no-git-tag-version.`,
    );
  }
  if (versionInLock(folder) !== version) {
    faults.push('package-lock.json has another version than package.json: run npm install.');
  }
  const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
  if (!new RegExp(String.raw`^## ${RegExp.escape(version)} - \d{4}-\d\d-\d\d$`, 'm').test(changelog)) {
    faults.push(`CHANGELOG.md has no section "## ${version} - YYYY-MM-DD".`);
  }
  if (/^## Unreleased\n(?:(?!## )[^]*?\n)?- /m.test(changelog.replace(/^## (?!Unreleased)[^]*/m, ''))) {
    faults.push(
      'CHANGELOG.md still has entries under "Unreleased": move them to the section of the version.',
    );
  }
  return faults;
}

function versionInLock(folder: string): string | undefined {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string } | undefined>;
  };
  return lock.packages['']?.version;
}
