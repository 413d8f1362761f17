import { globSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { inspect } from 'node:util';
import { transform } from '@swc/core';
import { format, resolveConfig } from 'prettier';
import * as octaneBff from '../clients/typescript/src/index.ts';
import { blocksOf, masked, Shell, shownAnswer, withOutputs } from './support/guide.ts';
import { SandboxGateway } from './support/sandbox-gateway.ts';

const GUIDES = globSync('docs/guides/*.md')
  .toSorted()
  // That of operators starts a gateway of its own: test/operator-guide.spec.ts.
  .filter((path) => blocksOf(path).length > 0 && basename(path) !== 'open-an-operation.md');

let gateway: SandboxGateway;
let accessToken: string;
beforeAll(async () => {
  // The guides together send more emails to one customer than an hour allows.
  gateway = await SandboxGateway.start({ WELCOME_EMAIL_RATE_LIMIT: '100' });
  accessToken = await gateway.token();
});
afterAll(() => gateway.stop());

/** The guides name the places where the sandbox and the gateway usually are. */
function here(code: string): string {
  const { octane, identityProvider } = gateway.sandbox;
  return code
    .replaceAll('http://localhost:3000', gateway.url)
    .replaceAll('http://localhost:4002', identityProvider.issuer)
    .replaceAll('http://127.0.0.1:4003', octane.controlUrl)
    .replaceAll('npm run --silent token --', `npm run --silent token -- --issuer ${identityProvider.issuer}`)
    .replaceAll(/^npm (?:ci|run demo)\b.*$/gm, ':');
}

/** Runs a module of an app, and gives what it printed. */
async function runModule(code: string): Promise<string> {
  const { code: module } = await transform(here(code), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
    module: { type: 'es6' },
  });
  const printed: string[] = [];
  const given = {
    ...octaneBff,
    accessToken,
    process: { env: { TOKEN: accessToken } },
    client: octaneBff.createClient({ baseUrl: gateway.url, token: () => accessToken }),
    console: {
      log: (...values: unknown[]) =>
        printed.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ')),
    },
  };
  const script = module
    .replaceAll(/^import .* from 'octane-bff-client';$/gm, '')
    .replaceAll(/^export /gm, '');
  // A guide's block is a module of its own: what it imports is handed to it.
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const run = new Function(...Object.keys(given), `return (async () => {${script}\n})();`);
  await (run(...Object.values(given)) as Promise<void>);
  return masked(printed.join('\n'));
}

describe.each(GUIDES.map((path) => [basename(path), path] as const))('the guide %s', (_name, path) => {
  const blocks = blocksOf(path);
  const outputs: string[] = [];
  let shell: Shell;
  beforeAll(async () => {
    await gateway.control('POST', '/reset');
    shell = new Shell({ API: gateway.url, TOKEN: accessToken, HOME: '/nonexistent' });
  });
  afterAll(async () => {
    await shell.stop();
    // Where one failed, the outputs behind it would stand at other blocks.
    const isWhole = outputs.length === blocks.length;
    if (process.env['UPDATE_DOCS'] === '1' && isWhole) await writeFile(path, withOutputs(path, outputs));
  });

  it('shows only what was executed', () => {
    expect(blocks.every(({ code }) => code.trim() !== '')).toBe(true);
  });

  it.each(blocks)('$title', async ({ language, code, shown }) => {
    const output = language === 'sh' ? shownAnswer(await shell.run(here(code))) : await runModule(code);
    outputs.push(output);
    const wanted = process.env['UPDATE_DOCS'] === '1' ? output : (shown ?? output);
    expect(output).toBe(wanted);
  });
});

it('no guide installs packages in the folder of this project, from which npm would remove what it does not know', () => {
  const blocks = globSync('docs/**/*.md').flatMap((path) => [
    ...readFileSync(path, 'utf8').matchAll(/^```(?:console|sh)\n([^]*?)^```$/gm),
  ]);
  const installing = blocks
    .map(([, code = '']) => code)
    .filter((code) => /npm (?:install|i|add) \S/.test(code));
  expect(installing.length).toBeGreaterThan(0);
  for (const code of installing) {
    expect(code.slice(0, code.search(/npm (?:install|i|add) /))).toMatch(/\bcd \.\.\//);
  }
});

const REFUSALS_PAGE = 'docs/guides/direct-debit.md';

/** What the guide changes in its special direct debit, so that each rule is broken once; undefined leaves a field out. */
const REFUSED_CHANGES: readonly Readonly<Record<string, unknown>>[] = [
  { directDebitType: undefined },
  { directDebitType: 'SPECIAL' },
  { ddNotificationFlag: undefined },
  { ddNotificationFlag: true },
  { ddNotificationEmail: 1 },
  { ddNotificationEmail: 'Alex <alex@example.com>' },
  { ddPaymentDay: 15 },
  { ddPaymentDay: '32' },
  { ddSpecialPaymentPeriod: undefined },
  { ddSpecialPaymentPeriod: 'week' },
  { ddSpecialPaymentMethod: 'CARD' },
  { ddSpecialPaymentAmount: '49.95' },
  { ddSpecialPaymentAmount: 0 },
  { ddSpecialPaymentAmount: 10_000_000 },
  { ddSpecialPaymentAmount: 49.999 },
  { ddSpecialDayOfWeek: 8 },
  { ddSpecialPaymentPeriod: 'mn' },
  { ddSpecialStartDate: '2027-02-29T00:00:00+11:00' },
  { ddSpecialStartDate: '2027-03-01' },
  { ddSpecialRequiredCount: undefined, ddSpecialEndDate: '2027-02-01T00:00:00+11:00' },
  { ddSpecialEndDate: '2028-03-01T00:00:00+11:00' },
  { ddSpecialRequiredCount: 1.5 },
  { ddSpecialRequiredCount: 0 },
  { ddSpecialRequiredCount: 2_147_483_648 },
  { ddSpecialEndType: 'EA' },
  { ddSpecialCurrentCount: 0 },
  { ddSpecialPaymentMethod: null },
  { ddSpecialPaymentDay: 1 },
  { directDebitType: 'STANDARD_DIRECT_DEBIT' },
];

it(`the table of refusals in ${REFUSALS_PAGE} is what the gateway answers (written anew with UPDATE_DOCS=1)`, async () => {
  const page = await readFile(REFUSALS_PAGE, 'utf8');
  const [, example = ''] = /<!-- special -->[^]*?-d '([^']*)'/.exec(page) ?? [];
  const { directDebit } = JSON.parse(example) as { directDebit: object };
  const rowOf = async (change: Readonly<Record<string, unknown>>): Promise<string[]> => {
    const response = await fetch(`${gateway.url}/v1/customers/me/direct-debit`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ directDebit: { ...directDebit, ...change } }),
    });
    const { errors } = (await response.json()) as { errors: Record<string, string>[] };
    const changes = Object.entries(change).map(([field, value]) =>
      value === undefined ? `without \`${field}\`` : `\`"${field}": ${JSON.stringify(value)}\``,
    );
    const column = (name: string): string[] => [...new Set(errors.map((error) => error[name]!))];
    return [
      changes.join(', '),
      column('pointer')
        .map((pointer) => `\`${pointer.replace('#/directDebit/', '…/')}\``)
        .join('<br>'),
      column('code')
        .map((code) => `\`${code}\``)
        .join('<br>'),
      column('detail').join('<br>'),
    ];
  };
  const rows = await Promise.all(REFUSED_CHANGES.map(rowOf));
  const head = ['Change', '`pointer`', '`code`', '`detail`'];
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const wanted = await format(
    page.replace(
      /(<!-- generated:refusals -->\n)[^]*(\n<!-- \/generated:refusals -->)/,
      (_, begin: string, end: string) => `${begin}\n${table}\n${end}`,
    ),
    { ...(await resolveConfig(REFUSALS_PAGE)), filepath: REFUSALS_PAGE },
  );
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(REFUSALS_PAGE, wanted);
  expect(await readFile(REFUSALS_PAGE, 'utf8')).toBe(wanted);
});
