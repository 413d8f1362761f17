import { parse } from 'yaml';
import { cutBlocked } from './blocked-lines.ts';

const LONG = 5000;
const SUBJECTS = Array.from({ length: LONG }, (_, index) => ({
  issuer: 'https://id.example.com/tenant',
  subject: `auth0|user-${index}`,
}));
const CUSTOMERS = Array.from({ length: LONG }, (_, index) => ({
  groupno: '1001',
  custno: String(700_000 + index),
}));

const flow = (entries: readonly object[]): string =>
  entries.map((entry) => `    - { ${pairs(entry, (text) => JSON.stringify(text)).join(', ')} }\n`).join('');
const block = (entries: readonly object[]): string =>
  entries.map((entry) => `  - ${pairs(entry, (text) => `'${text}'`).join('\n    ')}\n`).join('');
const plain = (entries: readonly object[]): string =>
  entries.map((entry) => `    -   { ${pairs(entry, (text) => text).join(',')} }\n`).join('');

function pairs(entry: object, write: (text: string) => string): string[] {
  return Object.entries(entry).map(([name, text]) => `${name}: ${write(text as string)}`);
}

it.each([
  [
    'one entry a line',
    `blocked:\n  subjects:\n${flow(SUBJECTS)}  customers:\n${flow(CUSTOMERS)}groups: []\n`,
  ],
  [
    'one property a line',
    `# first\nblocked: # all\n  subjects:\n${block(SUBJECTS)}\n  # more\n  customers:\n${block(CUSTOMERS)}`,
  ],
  ['texts without quotes', `a: 1\nblocked:\n  subjects:\n${plain(SUBJECTS)}b: 2\n`],
  ['CRLF', `blocked:\n  subjects:\n${flow(SUBJECTS)}groups: []\n`.replaceAll('\n', '\r\n')],
])('a long list is read as the YAML library reads it: %s', (_, text) => {
  const cut = cutBlocked(text)!;
  const { blocked, ...others } = parse(text) as { blocked: unknown };
  expect(cut.blocked).toEqual(blocked);
  expect(parse(cut.rest) ?? {}).toEqual(others);
  // What stands behind is named by its line where it is wrong.
  const lineBehind = (of: string): number => of.split('\n').findIndex((line) => /^(?:groups|b):/.test(line));
  expect(lineBehind(cut.rest)).toBe(lineBehind(text));
});

it.each([
  ['a number', '    - { groupno: 1001, custno: "1" }'],
  ['a word that is no text', '    - { issuer: null, subject: x }'],
  ['a date', '    - { issuer: x, subject: 2024-01-31 }'],
  ['an alias', '    - *all'],
  ['a name twice', '    - { issuer: x, issuer: y }'],
  ['one property alone', '    - { issuer: x }'],
  ['another indent', '      - { issuer: "x", subject: "y" }'],
  ['an escape', '    - { issuer: "x", subject: "\\u0041" }'],
  ['a list twice', '  subjects:'],
  ['half an entry', '    - issuer: x'],
])('what is written in another way is left to the YAML library: %s', (_, line) => {
  expect(cutBlocked(`blocked:\n  subjects:\n${flow(SUBJECTS)}${line}\n`)).toBeUndefined();
});

it('two of them are left to the YAML library', () => {
  const one = `blocked:\n  subjects:\n${flow(SUBJECTS)}`;
  expect(cutBlocked(`${one}groups: []\n${one}`)).toBeUndefined();
});

it.each(['', 'issuers: []\n', 'blocked: {}\n', 'blocked:\n  subjects:\n    - { issuer: x, subject: y }\n'])(
  'a short file is left to the YAML library: %j',
  (text) => expect(cutBlocked(text)).toBeUndefined(),
);
