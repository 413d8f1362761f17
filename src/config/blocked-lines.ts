/** `blocked` as the file says it: lists of entries. */
export type BlockedLists = Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;

/** A shorter one is left to the YAML library, which understands more and names the line of a fault. */
const LONG_CHARACTERS = 256 * 1024;

const HEADING = /^blocked:[ \t]*(?:#.*)?$/m;
const NOTHING = /^[ \t]*(?:#.*)?$/;
const LIST = /^( +)([a-z]+):[ \t]*(?:#.*)?$/;
/** Texts that mean the same to every reader of YAML: no escapes but JSON's simplest, nothing that could be a number or a date. */
const TEXT = String.raw`"(?:[^"\\]|\\["\\/])*"|'[^']*'|[A-Za-z](?:[\w./|-]|:(?=[\w/]))*`;
const PAIR = String.raw`([a-z]+): +(${TEXT})`;
const FLOW_ENTRY = new RegExp(String.raw`^( +)- +\{ *${PAIR}, *${PAIR} *\}[ \t]*$`);
const FIRST_LINE = new RegExp(String.raw`^( +)- ${PAIR}[ \t]*$`);
const SECOND_LINE = new RegExp(String.raw`^( +)${PAIR}[ \t]*$`);
/** Without quotes YAML takes them for something else. */
const NO_TEXT = /^(?:true|false|null)$/i;

/**
 * Takes a long `blocked` out of the gateway file and reads it line by line: the YAML library would need minutes and gigabytes for a
 * million entries.
 *
 * @returns the text without it, with as many lines; undefined where it is short, or is not written as one entry a line or one
 *   property a line
 */
export function cutBlocked(
  text: string,
): { readonly rest: string; readonly blocked: BlockedLists } | undefined {
  const start = HEADING.exec(text)?.index;
  if (start === undefined) return undefined;
  const end = endOfSection(text, start);
  if (end - start < LONG_CHARACTERS) return undefined;
  const lines = text.slice(start, end).split(/\r?\n/);
  // A second one is a fault, which the library names.
  const blocked = HEADING.test(text.slice(end)) ? undefined : listsOf(lines);
  if (!blocked) return undefined;
  const behind = text.slice(end);
  // Only for the numbers of the lines behind: a million of them keep the library busy for seconds.
  const emptyLines = behind === '' ? '' : '\n'.repeat(lines.length - 1);
  return { rest: text.slice(0, start) + emptyLines + behind, blocked };
}

/** Where the next line begins that is neither indented nor empty nor a comment. */
function endOfSection(text: string, start: number): number {
  for (let at = text.indexOf('\n', start); at !== -1; at = text.indexOf('\n', at + 1)) {
    if (!/[ \t\r\n#]/.test(text[at + 1] ?? '#')) return at + 1;
  }
  return text.length;
}

/** @param lines the heading first */
function listsOf([, ...lines]: readonly string[]): BlockedLists | undefined {
  const lists: Record<string, Record<string, string>[]> = {};
  const indents = { list: '', entry: '' };
  let entries: Record<string, string>[] | undefined;
  /** An entry of which the second property stands in the next line. */
  let half: Record<string, string> | undefined;
  for (const line of lines) {
    if (NOTHING.test(line)) continue;
    const match = half ? SECOND_LINE.exec(line) : (FLOW_ENTRY.exec(line) ?? FIRST_LINE.exec(line));
    if (!match) {
      const [, indent = '', name = ''] = LIST.exec(line) ?? [];
      if (half || name === '' || Object.hasOwn(lists, name) || indent !== (indents.list || indent))
        return undefined;
      indents.list = indent;
      indents.entry = '';
      entries = lists[name] = [];
      continue;
    }
    const [, indent = '', ...pairs] = match;
    const expected = half ? `${indents.entry}  ` : indents.entry || indent;
    if (!entries || indent !== expected || indent.length < indents.list.length) return undefined;
    if (!half) {
      indents.entry = indent;
      entries.push({});
    }
    const entry = entries.at(-1)!;
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const [name = '', text = ''] = [pairs[index], pairs[index + 1]];
      if (Object.hasOwn(entry, name) || NO_TEXT.test(text)) return undefined;
      entry[name] = textOf(text);
    }
    half = Object.keys(entry).length === 1 ? entry : undefined;
  }
  return half ? undefined : lists;
}

function textOf(written: string): string {
  if (written.includes('\\'))
    return written.startsWith('"') ? (JSON.parse(written) as string) : written.slice(1, -1);
  return /^["']/.test(written) ? written.slice(1, -1) : written;
}
