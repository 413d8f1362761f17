import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { intentAt } from '../../../test/support/intent.ts';
import { sharedPostgres } from '../../../test/support/shared-postgres.ts';
import type { Databases } from '../../../test/support/shared-postgres.ts';
import { PROBLEMS } from '../../problems/catalogue.ts';
import type { Completion, Intent, KeyHolder } from './journal-store.ts';
import { ASKED_AGAIN, keyStateOf } from './key-state.ts';
import type { KeyState } from './key-state.ts';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { openPostgres, openSqlite } from './open-database.ts';
import type { ChangeRow, JournalSchema } from './schema.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const YEAR_MS = 365 * 86_400_000;
const CHANGES = 3;
const ROWS_AT_ONCE = 200;

/** What became of one of the changes that asked for the key, the first of them first. */
interface Change {
  readonly end: 'applied' | 'unknown' | 'not-sent' | null;
  /** Nobody works on it any more. */
  readonly isLate: boolean;
  readonly isExpired: boolean;
}

type Stored = Pick<ChangeRow, 'key_hash' | 'fingerprint' | 'reply' | 'outcome'> & {
  /** Which of the changes. */
  readonly takesOver: number | null;
};

interface State {
  readonly changes: readonly Change[];
  /** What the store has of them. */
  readonly stored: readonly Stored[];
}

interface Ending {
  readonly name: 'complete' | 'withdraw';
  readonly change: number;
  readonly outcome: 'applied' | 'unknown' | 'not-sent';
}
type Event = { readonly name: 'ask' | 'late' | 'expire' | 'prune' } | Ending;

type Kept = NonNullable<Parameters<typeof keyStateOf>[0]>;

/** What the rows of the first table speak of. */
const KEPT: Readonly<Record<string, readonly (Partial<Kept> | undefined)[]>> = {
  'there is none': [undefined],
  'has no outcome, before `unknown_at`': [{ unknown_at: NOW + 1 }],
  'has no outcome, after `unknown_at`': [{}],
  'is `unknown`': [{ outcome: 'unknown' }],
  'is `applied` or `rejected`, and has a `reply`': [
    { outcome: 'applied', reply: 'sealed' },
    { outcome: 'rejected', reply: 'sealed' },
  ],
  'is `applied`, and has no `reply`: a person settled or erased it': [{ outcome: 'applied' }],
  'is `rejected` or `not-sent`, and has no `reply`: a person changed it too': [
    { outcome: 'rejected' },
    { outcome: 'not-sent' },
  ],
};

/** @returns the rows below that heading in docs/journal.md */
async function documented(heading: string): Promise<string[][]> {
  const page = await readFile('docs/journal.md', 'utf8');
  const [table = ''] = page.slice(page.indexOf(`| ${heading} `)).split('\n\n');
  const [, , ...lines] = table.split('\n');
  return lines.map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim()));
}

describe('docs/journal.md', () => {
  it('says in which state a key is', async () => {
    const states = (changes: readonly (Partial<Kept> | undefined)[], expires_at: number): string => {
      const all = changes.map(
        (change) => change && { outcome: null, unknown_at: NOW, reply: null, expires_at, ...change },
      );
      return [...new Set(all.map((kept) => keyStateOf(kept, NOW)))].join();
    };
    const coded = Object.entries(KEPT).map(([text, changes]) => [
      text,
      states(changes, NOW + 1),
      states(changes, NOW),
    ]);
    expect(await documented('the change that keeps the key')).toEqual(coded);
  });

  it('says what another request with the key gets', async () => {
    const said = (
      verdict: (typeof ASKED_AGAIN)[keyof typeof ASKED_AGAIN]['harmless' | 'once' | 'another body'],
    ) => {
      if (verdict === 'take-over') return 'is sent again, as a new change';
      if (verdict === 'replay') return 'gets the first answer again';
      return `${PROBLEMS[verdict].status} \`${verdict}\``;
    };
    const coded = Object.entries(ASKED_AGAIN).map(([state, { harmless, once, 'another body': other }]) => [
      state,
      ...[harmless, once, other].map(said),
    ]);
    const free = ['free', 'is a new change', 'is a new change', 'is a new change'];
    expect(await documented('the key is')).toEqual([free, ...coded]);
  });
});

/** The first table of docs/journal.md, told by what happened instead of by what is stored. */
function expectedOf(changes: readonly Change[]): { state: KeyState; keeper: number } {
  const keeper = changes.findLastIndex(({ end }) => end !== 'not-sent');
  const kept = changes[keeper];
  if (!kept) return { state: 'free', keeper };
  if (kept.end === null && !kept.isLate) return { state: 'running', keeper };
  if (kept.isExpired) return { state: 'free', keeper };
  return { state: kept.end === 'applied' ? 'finished' : 'unknown', keeper };
}

function eventsIn({ changes }: State): Event[] {
  const events: Event[] = [{ name: 'prune' }];
  if (changes.length < CHANGES) events.push({ name: 'ask' });
  if (changes.some(({ isLate }) => !isLate)) events.push({ name: 'late' });
  if (changes.some(({ isExpired }) => !isExpired)) events.push({ name: 'expire' });
  changes.forEach(({ end }, change) => {
    if (end !== null) return;
    for (const outcome of ['applied', 'unknown', 'not-sent'] as const)
      events.push({ name: 'complete', change, outcome });
    events.push({ name: 'withdraw', change, outcome: 'not-sent' });
  });
  return events;
}

/** One event in one state, with changes and a key of its own, so that many can stand in the store at once. */
class Case {
  private static count = 0;
  readonly hash = `key-${(Case.count += 1)}`;
  readonly intents: readonly Intent[];
  private changes: readonly Change[];

  constructor(
    readonly path: readonly Event[],
    private readonly before: State,
  ) {
    this.changes = before.changes;
    this.intents = Array.from({ length: CHANGES }, () =>
      intentAt(NOW, { key: { hash: this.hash, fingerprint: 'f', ttlMs: 60_000 } }),
    );
  }

  rows(): ChangeRow[] {
    const { changes, stored } = this.before;
    return changes.map(({ isLate, isExpired }, index) => {
      const { takesOver, key_hash, ...columns } = stored[index]!;
      const { id, requestId, issuer, client, subject, groupno, custno, operation } = this.intents[index]!;
      return {
        ...columns,
        id,
        issuer,
        client,
        subject,
        groupno,
        custno,
        operation,
        request_id: requestId,
        actor: null,
        settled_at: null,
        settled_by: null,
        settled_why: null,
        at: NOW,
        octane_status: null,
        attempts: 0,
        completed_at: null,
        key_hash: key_hash === null ? null : this.hash,
        unknown_at: isLate ? NOW : NOW + 1,
        expires_at: isExpired ? NOW : NOW + 1,
        takes_over: takesOver === null ? null : this.intents[takesOver]!.id,
      };
    });
  }

  get event(): Event {
    return this.path.at(-1)!;
  }

  /** The state behind an event that the store does not see. */
  passed(): State {
    const flag = this.event.name === 'late' ? { isLate: true } : { isExpired: true };
    return { ...this.before, changes: this.before.changes.map((change) => ({ ...change, ...flag })) };
  }

  get asking(): Intent {
    return this.intents[this.changes.length]!;
  }

  completion(): Completion {
    const { change, outcome } = this.event as Ending;
    // That of an ended change does not matter: fewer states to walk through.
    this.changes = this.changes.map((each, index) =>
      index === change ? { ...each, end: outcome, isLate: true } : each,
    );
    return {
      id: this.intents[change]!.id,
      outcome,
      octaneStatus: null,
      attempts: 1,
      durationMs: 5,
      reply: outcome === 'applied' ? `reply of ${change}` : null,
      keepsKey: outcome !== 'not-sent',
    };
  }

  withdrawal(): [Intent, Completion] {
    const { change } = this.event as Ending;
    return [this.intents[change]!, this.completion()];
  }

  stateIn(rows: ReadonlyMap<string, ChangeRow>): State {
    const stored = this.changes.map((_, index) => {
      const { key_hash, fingerprint, reply, outcome, takes_over } = rows.get(this.intents[index]!.id)!;
      const takesOver = takes_over === null ? null : this.intents.findIndex(({ id }) => id === takes_over);
      return { key_hash: key_hash && 'held', fingerprint, reply, outcome, takesOver };
    });
    return { changes: this.changes, stored };
  }

  /** @returns how what an app heard that asked with the key differs from what it should hear */
  async heard(holder: KeyHolder | null, store: KyselyJournalStore): Promise<string[]> {
    const { path, changes, asking } = this;
    const { state, keeper } = expectedOf(changes);
    const heard = holder ? [holder.state, holder.kept.id, holder.kept.reply] : ['free'];
    // A finished change has a reply to give again, and its own.
    const reply = state === 'finished' ? `reply of ${keeper}` : null;
    const expected = state === 'free' ? ['free'] : [state, this.intents[keeper]!.id, reply];
    // What must happen once is begun only where nothing before it can have been applied, within the key's life.
    const isTwice = !holder && changes.some(mayHaveBeenApplied);
    if (!holder || (state === 'unknown' && (await store.takeOver(holder, asking))))
      this.changes = [...changes, { end: null, isLate: false, isExpired: false }];
    const isAsExpected = JSON.stringify(heard) === JSON.stringify(expected) && !isTwice;
    return isAsExpected ? [] : [JSON.stringify({ path, heard, expected, isTwice })];
  }
}

function mayHaveBeenApplied({ end, isLate, isExpired }: Change): boolean {
  return end !== 'not-sent' && !(isExpired && (isLate || end !== null));
}

async function inTurns<T>(items: readonly T[], act: (some: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += ROWS_AT_ONCE)
    await act(items.slice(from, from + ROWS_AT_ONCE));
}

describe.each(['SQLite', 'PostgreSQL'])('the life of a key on %s', (kind) => {
  let postgres: Databases | undefined;
  let folder: string;
  let database: Kysely<JournalSchema>;
  let store: KyselyJournalStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-key-'));
    if (kind === 'PostgreSQL') postgres = await sharedPostgres();
    // What is written here need not survive a power failure.
    database = postgres
      ? openPostgres(`${await postgres.newDatabase()}?options=-csynchronous_commit%3Doff`, 'corrections')
      : openSqlite(join(folder, 'journal.db'));
    store = new KyselyJournalStore(database, true, () => NOW);
    await store.open();
    if (!postgres) await sql`PRAGMA synchronous = OFF`.execute(database);
  });
  afterAll(async () => {
    await store.close();
    await postgres?.stop();
    await rm(folder, { recursive: true });
  });

  /** @returns the state behind each case */
  async function statesBehind(cases: readonly Case[], act: () => Promise<void>): Promise<State[]> {
    if (cases.length === 0) return [];
    await database.deleteFrom('changes').execute();
    await inTurns(
      cases.flatMap((each) => each.rows()),
      (rows) => database.insertInto('changes').values(rows).execute(),
    );
    await act();
    const rows = await database.selectFrom('changes').selectAll().execute();
    const byId = new Map(rows.map((row) => [row.id, row]));
    return cases.map((each) => each.stateIn(byId));
  }

  const broken: string[] = [];
  const passes: Record<Event['name'], (cases: Case[]) => Promise<State[]>> = {
    late: async (cases) => cases.map((each) => each.passed()),
    expire: async (cases) => cases.map((each) => each.passed()),
    prune: (cases) => statesBehind(cases, async () => void (await store.prune(YEAR_MS, 1_000_000))),
    complete: (cases) =>
      statesBehind(cases, () =>
        inTurns(cases, (some) => store.complete(some.map((each) => each.completion()))),
      ),
    withdraw: (cases) =>
      statesBehind(cases, () =>
        inTurns(cases, (some) => Promise.all(some.map((each) => store.withdraw(...each.withdrawal())))),
      ),
    ask: (cases) =>
      statesBehind(cases, () =>
        inTurns(cases, async (some) => {
          const holders = await store.begin(some.map(({ asking }) => asking));
          const heard = await Promise.all(some.map((each, index) => each.heard(holders[index]!, store)));
          broken.push(...heard.flat());
        }),
      ),
  };

  it('keeps its table of states in every order of what three changes can do', async () => {
    const known = new Set<string>();
    let border: { state: State; path: readonly Event[] }[] = [
      { state: { changes: [], stored: [] }, path: [] },
    ];
    while (border.length > 0) {
      const cases = border.flatMap(({ state, path }) =>
        eventsIn(state).map((event) => new Case([...path, event], state)),
      );
      border = [];
      for (const [name, passed] of Object.entries(passes)) {
        const some = cases.filter(({ event }) => event.name === name);
        for (const [index, state] of (await passed(some)).entries()) {
          const text = JSON.stringify(state);
          if (!known.has(text)) border.push({ state, path: some[index]!.path });
          known.add(text);
          // Nothing can be read any more of what nothing leads to.
          const hasKey = state.stored.some(({ key_hash }) => key_hash !== null);
          const hasReply = state.stored.some(({ reply }) => reply !== null);
          if (name === 'prune' && hasReply && !hasKey) broken.push(`kept: ${text}`);
        }
      }
    }
    expect(broken).toEqual([]);
    expect(known.size).toBeGreaterThan(500);
  }, 60_000);
});
