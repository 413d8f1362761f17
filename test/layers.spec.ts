import { glob, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** What each folder of `src` may import beside packages and itself. A folder comes after those that it imports. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  config: [],
  validation: [],
  schemas: ['validation'],
  operations: ['config', 'validation'],
  problems: ['operations'],
  http: ['config', 'operations', 'problems'],
  outbound: ['config'],
  database: ['outbound'],
  telemetry: ['config', 'http', 'operations', 'problems'],
  limits: ['config', 'database', 'operations', 'problems', 'telemetry'],
  auth: ['config', 'http', 'limits', 'operations', 'outbound', 'problems', 'telemetry'],
  callers: ['auth', 'config', 'http', 'limits', 'operations', 'problems'],
  octane: ['config', 'operations', 'outbound', 'problems', 'telemetry'],
  journal: [
    'callers',
    'config',
    'database',
    'http',
    'octane',
    'operations',
    'outbound',
    'problems',
    'telemetry',
  ],
  dispatch: [
    'callers',
    'config',
    'http',
    'journal',
    'limits',
    'octane',
    'operations',
    'problems',
    'telemetry',
    'validation',
  ],
  links: ['callers', 'config', 'dispatch', 'journal', 'limits', 'operations', 'problems', 'telemetry'],
  audit: ['auth', 'callers', 'config', 'http', 'links', 'operations', 'problems', 'telemetry'],
  health: ['auth', 'config', 'journal', 'octane', 'telemetry'],
  'open-api': ['config', 'operations', 'problems', 'validation'],
  'direct-debit': ['dispatch', 'operations', 'validation'],
  'welcome-email': ['dispatch', 'operations'],
  described: ['config', 'dispatch', 'operations', 'schemas', 'validation'],
};
const IMPORT = /(?:from|import\()\s*'(\.[^']+)'/g;

/** `FOLDER imports FOLDER: FILE` of each import that leaves its folder. The files beside the folders may import all of them. */
async function crossings(): Promise<{ from: string; to: string; file: string }[]> {
  const found: { from: string; to: string; file: string }[] = [];
  for await (const file of glob('*/**/*.ts', { cwd: 'src' })) {
    if (file.endsWith('.spec.ts')) continue;
    const [from = ''] = file.split('/');
    for (const [, specifier = ''] of (await readFile(join('src', file), 'utf8')).matchAll(IMPORT)) {
      const target = normalize(join(dirname(file), specifier));
      const [folder = ''] = target.split('/');
      if (folder !== from) found.push({ from, to: target.includes('/') ? folder : target, file });
    }
  }
  return found;
}

it('imports point one way', async () => {
  const all = await crossings();
  expect(all.length).toBeGreaterThan(100);
  const refused = all.filter(({ from, to }) => !MAY_IMPORT[from]?.includes(to));
  expect(refused.map(({ from, to, file }) => `${from} must not import ${to}: ${file}`)).toEqual([]);
});

it('the table has no circle, and nothing that nobody uses', async () => {
  const folders = Object.keys(MAY_IMPORT);
  for (const [index, folder] of folders.entries()) {
    expect(folders.slice(0, index)).toEqual(expect.arrayContaining([...MAY_IMPORT[folder]!]));
  }
  const used = new Set((await crossings()).map(({ from, to }) => `${from} ${to}`));
  const permitted = Object.entries(MAY_IMPORT).flatMap(([from, tos]) => tos.map((to) => `${from} ${to}`));
  expect(permitted.filter((each) => !used.has(each))).toEqual([]);
});

it('who asks for settings says which, apart from who hands them on to the operations', async () => {
  const found: string[] = [];
  for await (const file of glob('**/*.ts', { cwd: 'src' })) {
    if (/@Inject\(SETTINGS\)[^,)]*: Settings\b/.test(await readFile(join('src', file), 'utf8')))
      found.push(file);
  }
  expect(found.toSorted()).toEqual(['dispatch/body.pipe.ts', 'limits/limits.ts']);
});

it('only the list of operations knows the operations of this gateway by name', async () => {
  const own = new Set(['direct-debit', 'welcome-email']);
  const found: string[] = [];
  for await (const file of glob('**/*.ts', { cwd: 'src' })) {
    if (file === 'app.module.ts' || file.endsWith('.spec.ts') || own.has(file.split('/')[0]!)) continue;
    if (/direct-?debit|welcome-?email/i.test(await readFile(join('src', file), 'utf8'))) found.push(file);
  }
  expect(found).toEqual(['config/settings.ts']);
});
