import { readFile, writeFile } from 'node:fs/promises';
import { RULE_LEVELS } from '../../validation/rule-levels.ts';
import { ruleTable } from '../../validation/rule-table.ts';
import { SetDirectDebitDto } from '../dto/set-direct-debit.dto.ts';

const PAGE = new URL('../../../docs/direct-debit-rules.md', import.meta.url);
const TABLE = /(?<=<!-- rules:begin -->\n)[^]*(?=<!-- rules:end -->)/;

/** A line for each rule that says the same of its fields, level by level. */
function renderTable(): string {
  const rows = RULE_LEVELS.flatMap((level) =>
    ruleTable(SetDirectDebitDto).filter((row) => row.level === level),
  );
  const groups = Map.groupBy(rows, ({ level, code, rule }) => `| ${level} | ${rule} | \`${code}\` |`);
  const lines = [...groups].map(
    ([line, group]) => `${line} ${group.map(({ field }) => nameOf(field)).join(', ')} |`,
  );
  return ['| Level | Rule | Code | Fields |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function nameOf(field: string): string {
  if (field === '#') return 'the body';
  if (field === '*') return 'any other property';
  return `\`${field.split('/').at(-1)}\``;
}

it('docs/direct-debit-rules.md has the rules that the code runs (write them there with UPDATE_DOCS=1)', async () => {
  const page = await readFile(PAGE, 'utf8');
  expect(page).toMatch(TABLE);
  const expected = page.replace(TABLE, () => `${renderTable()}\n`);
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, expected);
  expect(await readFile(PAGE, 'utf8')).toBe(expected);
});
