/**
 * Writes the parts of the documentation that follow from the code, each between two comments:
 *
 *   <!-- generated:NAME -->
 *   <!-- /generated:NAME -->
 *
 * With `--check` nothing is written, and the exit code is 1 when something would be.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { type Setting, SETTINGS_TABLE } from '../src/config/settings.ts';

interface GeneratedPart {
  file: string;
  name: string;
  markdown: () => string;
}

const PARTS: readonly GeneratedPart[] = [
  { file: 'docs/configuration.md', name: 'settings', markdown: settingsTable },
];

function settingsTable(): string {
  const rows = Object.values<Setting<unknown>>(SETTINGS_TABLE).map((setting) => [
    code(setting.variable),
    setting.required ? 'required' : setting.default ? code(setting.default) : 'unset',
    setting.meaning,
  ]);
  return table(['Variable', 'Default', 'Meaning'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function withPart(document: string, { file, name, markdown }: GeneratedPart): string {
  const [start, end] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} has no place for ${start} … ${end}`);
  return `${document.slice(0, from)}${start}\n\n${markdown()}\n\n${document.slice(to)}`;
}

const checkOnly = process.argv.includes('--check');
for (const file of new Set(PARTS.map((part) => part.file))) {
  const before = readFileSync(file, 'utf8');
  const document = PARTS.filter((part) => part.file === file).reduce(withPart, before);
  const after = await format(document, { ...(await resolveConfig(file)), filepath: file });
  if (after === before) continue;
  if (checkOnly) {
    console.error(`${file} does not say what the code does. Run: node scripts/generate-docs.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, after);
    console.log(`Wrote ${file}`);
  }
}
