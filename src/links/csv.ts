/** Longer than any record that means something. Without a limit a quotation mark that is never closed would take in the whole file. */
const MAX_RECORD_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const UNQUOTED = /[^",\r\n]*/y;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is wrong with a record. */
export class CsvFault extends Error {
  /** @param line where the record begins; the first line of the file is 1 */
  constructor(
    readonly line: number,
    wrong: string,
  ) {
    super(wrong);
  }
}

export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads CSV as RFC 4180 has it, in UTF-8 with or without a byte order mark; a line may also end with LF alone. Empty lines are
 * passed over.
 *
 * @returns the records of each piece that was read
 * @throws CsvFault
 */
export async function* readCsv(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly CsvRecord[]> {
  let text = '';
  let line = 1;
  let isBegin = true;
  // Read by bytes, of which CSV gives only some of ASCII a meaning. So a piece may end within a character.
  for await (const piece of pieces) {
    text += piece.toString('latin1');
    if (isBegin) {
      if (text.length < BYTE_ORDER_MARK.length) continue;
      if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(BYTE_ORDER_MARK.length);
      isBegin = false;
    }
    yield recordsOf(false);
  }
  yield recordsOf(true);

  /** Takes the whole records from the text. */
  function recordsOf(isEnd: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    let at = 0;
    while (at < text.length) {
      const record = recordAt(text, at, { line, isEnd });
      if (!record) break;
      const { fields, end, lines } = record;
      const isEmpty = fields.length === 1 && fields[0] === '' && text[at] !== '"';
      if (!isEmpty) records.push({ line, fields: fields.map((each) => decoded(each, line)) });
      line += lines;
      at = end;
    }
    text = text.slice(at);
    return records;
  }
}

/** @returns undefined where its end is not read yet */
function recordAt(
  text: string,
  start: number,
  { line, isEnd }: { line: number; isEnd: boolean },
): { fields: string[]; end: number; lines: number } | undefined {
  const fields: string[] = [];
  let lines = 1;
  let at = start;
  for (;;) {
    let field: string;
    if (text[at] === '"') {
      const end = endOfQuoted(text, at);
      if (end === undefined) return unfinished('a quotation mark is not closed');
      field = text.slice(at + 1, end).replaceAll('""', '"');
      lines += field.split('\n').length - 1;
      at = end + 1;
    } else {
      UNQUOTED.lastIndex = at;
      [field] = UNQUOTED.exec(text)!;
      at += field.length;
    }
    fields.push(field);
    const next = text[at];
    if (next === ',') at += 1;
    else if (next === '\n') return { fields, lines, end: at + 1 };
    else if (next === '\r' && text[at + 1] === '\n') return { fields, lines, end: at + 2 };
    else if (next === undefined || (next === '\r' && at + 1 === text.length && !isEnd))
      return isEnd ? { fields, lines, end: at } : unfinished('it is too long');
    else if (next === '"')
      throw new CsvFault(line, 'a quotation mark stands in a field without quotation marks');
    else if (next === '\r') throw new CsvFault(line, 'a line ends with CR alone');
    else throw new CsvFault(line, 'something stands behind a closed quotation mark');
  }

  function unfinished(wrong: string): undefined {
    if (isEnd || text.length - start > MAX_RECORD_BYTES) throw new CsvFault(line, wrong);
  }
}

/** @returns where its last quotation mark stands; undefined where that is not read yet */
function endOfQuoted(text: string, start: number): number | undefined {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1) return undefined;
    if (text[at + 1] !== '"') return at;
  }
}

function decoded(field: string, line: number): string {
  if (!/[\u0080-\u00ff]/.test(field)) return field;
  try {
    return UTF_8.decode(Buffer.from(field, 'latin1'));
  } catch {
    throw new CsvFault(line, 'it is not UTF-8');
  }
}
