import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listLinks } from '../journal/store/customer-links.ts';
import { requireSchema } from '../journal/store/migrate.ts';
import { openSqlite } from '../journal/store/open-database.ts';
import { importLinks, PIECE_BYTES } from './import-links.ts';

const NAMES = { issuers: new Set(['i']), groups: new Set(['1001']) };
const GOOD = 'issuer,subject,groupno,custno\ni,s,1001,700123\n';

let folder: string;
let database: ReturnType<typeof openSqlite>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octane-bff-import-'));
  database = openSqlite(join(folder, 'gateway.db'));
  await requireSchema(database, true);
});
afterAll(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function importText(
  content: string | Buffer,
  tell: (done: number, all: number) => void = () => undefined,
): ReturnType<typeof importLinks> {
  const file = join(folder, 'links.csv');
  await writeFile(file, content);
  return importLinks(database, file, { names: NAMES, by: { user: 'operator' }, tell });
}

it.each<[string, string | Buffer, number, string]>([
  ['no line', '', 1, 'there is no header'],
  ['another header', 'issuer,subject,groupno\n', 1, 'the header must have'],
  ['one column twice', 'issuer,subject,groupno,issuer\n', 1, 'the header must have'],
  ['an unknown issuer', `${GOOD}x,y,1001,1\n`, 3, 'no such issuer'],
  ['an unknown group', `${GOOD}i,y,3003,1\n`, 3, 'no such group'],
  ['no subject', `${GOOD}i,"",1001,1\n`, 3, 'the subject is empty'],
  ['a bad customer', `${GOOD}\r\ni,y,1001,01`, 4, 'the customer number'],
  ['a field too few', `${GOOD}i,"y\nz",1001\n`, 3, '4 fields'],
  ['nothing but a comma', `${GOOD},\n`, 3, '4 fields'],
  ['an open quotation mark', `${GOOD}"\n\n\n`, 3, 'is not closed'],
  ['an open quotation mark in a long file', `${GOOD}"${'y\n'.repeat(100_000)}`, 3, 'is not closed'],
  ['a stray quotation mark', `${GOOD}i,y"z,1001,1\n`, 3, 'quotation mark'],
  ['more behind a quotation mark', `${GOOD}i,"y"z,1001,1\n`, 3, 'behind'],
  ['a bad line behind one of several', `${GOOD}i,"y\nz",1001,1\nx\n`, 5, '4 fields'],
  ['a CR alone', `${GOOD}i,y,1001,1\ri,z,1001,1\n`, 3, 'CR alone'],
  ['what is no UTF-8', Buffer.from(`${GOOD}i,\u00ff,1001,1\n`, 'latin1'), 3, 'UTF-8'],
])('imports nothing of a file with %s, and says where', async (_, content, line, fault) => {
  await expect(importText(content)).rejects.toMatchObject({ line, message: expect.stringContaining(fault) });
  for await (const links of listLinks(database, {})) expect(links).toEqual([]);
});

it('reads a file in pieces that end anywhere', async () => {
  const subjects = Array.from(
    { length: 40_000 },
    (_, index) => `"s, ""${index}"" ${'x'.repeat(index % 40)}"`,
  );
  const lines = subjects.map((subject) => `700123,${subject},i,1001\r\n`);
  const content = `custno,subject,issuer,groupno\r\n${lines.join('')}`;
  const told: number[][] = [];
  expect(await importText(content, (...numbers) => told.push(numbers))).toEqual({
    links: 40_000,
    added: 40_000,
  });
  const size = Buffer.byteLength(content);
  expect(told).toEqual([
    ...Array.from({ length: Math.floor(size / PIECE_BYTES) }, (_, index) => [
      (index + 1) * PIECE_BYTES,
      size,
    ]),
    [size, size],
  ]);
  expect(await importText(content)).toEqual({ links: 40_000, added: 0 });
  let found = 0;
  for await (const links of listLinks(database, { custno: '700123', groupno: '1001' })) found += links.length;
  expect(found).toBe(40_000);
});
