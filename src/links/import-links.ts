import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { CUSTNO } from '../config/customer-number.ts';
import type { ConfigNames } from '../config/gateway-file.ts';
import { addLinks } from '../journal/store/customer-links.ts';
import type { LinkChanger } from '../journal/store/link-changes.ts';
import type { CustomerLink, JournalSchema } from '../journal/store/schema.ts';
import { isPostgres } from '../journal/store/store-time.ts';
import { CsvFault, readCsv } from './csv.ts';
import type { CsvRecord } from './csv.ts';
import { storedSubject } from './stored-subject.ts';

const COLUMNS = ['issuer', 'subject', 'groupno', 'custno'] as const;
/** Some thousand links at a time. */
export const PIECE_BYTES = 512 * 1024;
/** What SQLite cannot keep of a transaction it writes to the disk, and reads again. */
const SQLITE_CACHE_KIB = 256 * 1024;

interface Import {
  readonly names: ConfigNames;
  readonly by: LinkChanger;
  /** Is told, of a file of several pieces, how many bytes of it are done, and how many it has. */
  readonly tell: (done: number, all: number) => void;
}

/**
 * Adds the links of a CSV file, on record, in one transaction: all or none.
 *
 * @returns how many the file has, and how many of them were new
 * @throws CsvFault of the first bad line; an error of the file has a `path`
 */
export async function importLinks(
  database: Kysely<JournalSchema>,
  file: string,
  { names, by, tell }: Import,
): Promise<{ links: number; added: number }> {
  if (!isPostgres(database)) await sql.raw(`PRAGMA cache_size = -${SQLITE_CACHE_KIB}`).execute(database);
  return database.transaction().execute(async (transaction) => {
    const count = { links: 0, added: 0 };
    let linkOf: ((record: CsvRecord) => CustomerLink) | undefined;
    for await (const records of readCsv(piecesOf(file, tell))) {
      const [header] = linkOf ? [] : records;
      linkOf ??= header && readerOf(header, names);
      const links = linkOf ? records.slice(header ? 1 : 0).map(linkOf) : [];
      if (links.length > 0) count.added += await addLinks(transaction, links, by);
      count.links += links.length;
    }
    if (!linkOf) throw new CsvFault(1, 'there is no header');
    return count;
  });
}

/** Tells of a piece when the next one is asked for: then its links are added. */
async function* piecesOf(file: string, tell: Import['tell']): AsyncGenerator<Buffer> {
  // A pipe has none.
  const { size } = await stat(file);
  let done = 0;
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
    yield piece;
    done += piece.length;
    if (size > PIECE_BYTES) tell(done, size);
  }
}

/** @returns reads a record of a file with that header */
function readerOf({ line, fields }: CsvRecord, { issuers, groups }: ConfigNames) {
  const places = COLUMNS.map((column) => fields.indexOf(column));
  if (fields.length !== COLUMNS.length || places.includes(-1))
    throw new CsvFault(
      line,
      `the header must have the columns ${COLUMNS.join(', ')}, in any order, and no other`,
    );
  const [issuerAt = 0, subjectAt = 0, groupnoAt = 0, custnoAt = 0] = places;
  return (record: CsvRecord): CustomerLink => {
    const refuse = (isWrong: boolean, wrong: string): void => {
      if (isWrong) throw new CsvFault(record.line, wrong);
    };
    refuse(record.fields.length !== COLUMNS.length, `it must have ${COLUMNS.length} fields`);
    const at = (place: number): string => record.fields[place]!;
    const [issuer, subject, groupno, custno] = [at(issuerAt), at(subjectAt), at(groupnoAt), at(custnoAt)];
    refuse(!issuers.has(issuer), 'the gateway file has no such issuer');
    refuse(!groups.has(groupno), 'the gateway file has no such group');
    refuse(subject === '', 'the subject is empty');
    refuse(!CUSTNO.test(custno), 'the customer number must have 1 to 10 digits without a leading zero');
    return { issuer, subject: storedSubject(subject), groupno, custno };
  };
}
