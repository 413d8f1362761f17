import type { Kysely, RawBuilder, Selectable } from 'kysely';
import type { KeyHolder } from './journal-store.ts';
import { keyStateOf } from './key-state.ts';
import type { KeyState } from './key-state.ts';
import type { ChangeRow, JournalSchema } from './schema.ts';

type Row = Selectable<ChangeRow>;

/** The change that has a key, also where the key is free. */
export type Holder = Omit<KeyHolder, 'state'> & { readonly state: KeyState };

/**
 * @param now the time of the store
 * @returns by the hash of the key
 */
export async function holdersOf(
  database: Kysely<JournalSchema>,
  hashes: readonly string[],
  now: RawBuilder<number>,
): Promise<Map<string, Holder>> {
  if (hashes.length === 0) return new Map();
  const rows = await database
    .selectFrom('changes')
    .selectAll()
    .select(now.as('now'))
    .where('key_hash', 'in', hashes)
    .execute();
  const holders = rows.map(async (row): Promise<[string, Holder]> => {
    const keeper = await keeperOf(database, row);
    const { id, fingerprint, reply } = keeper ?? row;
    const kept = { id, fingerprint: fingerprint ?? '', reply };
    const hash = row.key_hash ?? '';
    return [hash, { id: row.id, hash, outcome: row.outcome, kept, state: keyStateOf(keeper, row.now) }];
  });
  return new Map(await Promise.all(holders));
}

/** The change whose outcome counts for a key: the first that has not let it go, from its holder down. */
async function keeperOf(database: Kysely<JournalSchema>, holder: Row): Promise<Row | undefined> {
  let row: Row | undefined = holder;
  while (row && row.fingerprint === null) {
    const below: string | null = row.takes_over;
    if (below === null) return undefined;
    row = await database.selectFrom('changes').selectAll().where('id', '=', below).executeTakeFirst();
  }
  return row;
}
