import { CommandLine } from '../config/command-line.ts';
import type { Refusal } from '../config/command-line.ts';
import { CUSTNO } from '../config/customer-number.ts';
import { sqlitePathOf } from '../config/database-url.ts';
import type { Settlement } from './corrections.ts';
import type { JournalFilter, JournalRecord } from './store/journal-store.ts';

const SETTLED: readonly Settlement['outcome'][] = ['applied', 'rejected', 'not-sent'];
const OUTCOMES: readonly JournalRecord['outcome'][] = [...SETTLED, 'unknown', 'in-progress'];
const FILTERS: readonly string[] = ['custno', 'client', 'issuer', 'request-id', 'outcome', 'since', 'until'];
const MAX_REASON = 500;
const TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})(?<clock>T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(?<offset>Z|[+-]\d{2}:\d{2})?)?$/;

const commandLine = new CommandLine('journal');

/** What `npm run journal` is asked to do. */
export type JournalCommand =
  | { readonly name: 'help' }
  | { readonly name: 'list'; readonly filter: JournalFilter; readonly json: boolean }
  | { readonly name: 'export'; readonly filter: JournalFilter }
  | { readonly name: 'show'; readonly id: string; readonly json: boolean }
  | {
      readonly name: 'settle';
      readonly id: string;
      readonly outcome: Settlement['outcome'];
      readonly why: string;
    }
  | { readonly name: 'erase'; readonly groupno: string; readonly custno: string }
  | { readonly name: 'prune' }
  | { readonly name: 'copy'; readonly path: string }
  | { readonly name: 'backup'; readonly path: string };

type Values = ReturnType<typeof parsed>['values'];

/**
 * @param args what stands behind `npm run journal --`
 * @throws Refusal that says in one line what is wrong with them
 */
export function commandOf(args: string[]): JournalCommand {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { name: 'help' };
  const [name, ...rest] = positionals;
  const [id = '', outcome] = rest;
  const { json = false } = values;
  if (name === 'list' && rest.length === 0) {
    allow(values, [...FILTERS, 'json']);
    return { name, filter: filterOf(values), json };
  }
  if (name === 'export' && rest.length === 0) {
    allow(values, FILTERS);
    return { name, filter: filterOf(values) };
  }
  if (name === 'show' && rest.length === 1) {
    allow(values, ['json']);
    return { name, id, json };
  }
  if (name === 'settle' && rest.length === 2) {
    allow(values, ['why']);
    const found = SETTLED.find((known) => known === outcome);
    if (!found) throw misunderstood(`The outcome is one of ${SETTLED.join(', ')}`);
    return { name, id, outcome: found, why: reasonOf(values.why) };
  }
  if (name === 'erase' && rest.length === 0) {
    allow(values, ['custno', 'groupno']);
    const { custno, groupno } = { ...filterOf(values), groupno: values.groupno };
    if (custno === undefined || !groupno)
      throw misunderstood('The command erase needs --custno and --groupno');
    return { name, groupno, custno };
  }
  if (name === 'prune' && rest.length === 0) {
    allow(values, []);
    return { name };
  }
  if (name === 'copy' && rest.length === 1) {
    allow(values, []);
    const path = sqlitePathOf(id);
    if (!path) throw misunderstood('Name the journal to copy as sqlite:PATH');
    return { name, path };
  }
  if (name === 'backup' && rest.length === 1) {
    allow(values, []);
    return { name, path: id };
  }
  throw misunderstood(
    'Use list, export, show ID, settle ID OUTCOME, erase, prune, copy sqlite:PATH or backup PATH',
  );
}

function allow(values: Values, names: readonly string[]): void {
  const other = Object.keys(values).find((name) => !names.includes(name));
  if (other !== undefined) throw misunderstood(`This command takes no --${other}`);
}

function filterOf({
  custno,
  client,
  issuer,
  'request-id': requestId,
  outcome,
  since,
  until,
}: Values): JournalFilter {
  if (custno !== undefined && !CUSTNO.test(custno))
    throw misunderstood('--custno is a number of 1 to 10 digits');
  const known = OUTCOMES.find((name) => name === outcome);
  if (outcome !== undefined && !known) throw misunderstood(`--outcome is one of ${OUTCOMES.join(', ')}`);
  return {
    custno,
    client,
    issuer,
    requestId,
    outcome: known,
    since: since === undefined ? since : timeOf('--since', since),
    until: until === undefined ? until : timeOf('--until', until),
  };
}

/** It is kept, so it must not hold what no record may hold. */
function reasonOf(text = ''): string {
  if (text.trim() === '' || text.length > MAX_REASON)
    throw misunderstood(`--why is a text of 1 to ${MAX_REASON} characters`);
  if (text.includes('@'))
    throw misunderstood('--why is kept in the record. Write it without an email address');
  return text;
}

const parsed = (args: string[]) =>
  commandLine.parse(args, {
    custno: { type: 'string' },
    groupno: { type: 'string' },
    why: { type: 'string' },
    client: { type: 'string' },
    issuer: { type: 'string' },
    'request-id': { type: 'string' },
    outcome: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  });

const misunderstood = (fault: string): Refusal => commandLine.misunderstood(fault);

function timeOf(option: string, text: string): number {
  const { day = '', clock, offset } = TIME.exec(text)?.groups ?? {};
  const time = Date.parse(clock !== undefined && offset === undefined ? `${text}Z` : text);
  // Date.parse takes 31 February for 3 March.
  if (day === '' || Number.isNaN(time) || !new Date(day).toISOString().startsWith(day))
    throw misunderstood(`${option} is a time such as 2026-11-21 or 2026-11-21T10:00:00Z`);
  return time;
}
