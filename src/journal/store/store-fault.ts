/** What is wrong with the store itself. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly code: 'SCHEMA_OUTDATED' | 'SQLITE_FILE_MOVED' | 'SQLITE_READONLY';

  constructor(code: StoreFault['code']) {
    super(code);
    this.code = code;
  }
}

/** SQLSTATEs and codes of SQLite that speak of what a row holds. */
const OF_ROW = /^(22|23|44|54)[0-9A-Z]{3}$|^P0001$|^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/;
/** SQLSTATEs of a row that somebody else has locked. */
const OF_LOCK = /^(40...|55P03|57014)$/;

/** Whether the store refused a row for what it is: it would refuse it again. */
export function isOfRow(error: unknown): boolean {
  return OF_ROW.test(codeOf(error));
}

/** Whether a write failed because of some of its rows, and was undone: the others can be written without them. */
export function isOfSomeRows(error: unknown): boolean {
  return isOfRow(error) || OF_LOCK.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
