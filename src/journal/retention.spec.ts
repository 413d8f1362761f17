import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { eventually } from '../../test/support/eventually.ts';
import { intentAt } from '../../test/support/intent.ts';
import { sharedPostgres } from '../../test/support/shared-postgres.ts';
import type { Databases } from '../../test/support/shared-postgres.ts';
import { Retention } from './retention.ts';
import type { Completion, Intent, JournalRecord, KeyHolder } from './store/journal-store.ts';
import { KyselyJournalStore } from './store/kysely-journal-store.ts';
import { openPostgres, openSqlite } from './store/open-database.ts';
import { listLinkChanges } from './store/link-changes.ts';
import { listRecords } from './store/read-records.ts';

const START = Date.parse('2026-11-21T10:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TTL_MS = 24 * HOUR_MS;
const RETENTION_DAYS = 400;

/** With the id of a change that begins at that time. */
function keyedAt(at: number, hash: string, ttlMs = TTL_MS): Intent {
  return intentAt(at, { key: { hash, fingerprint: 'f', ttlMs } });
}

function appliedWithReply({ id }: Intent): Completion {
  return {
    id,
    outcome: 'applied',
    octaneStatus: 200,
    attempts: 1,
    durationMs: 5,
    reply: 'sealed',
    keepsKey: true,
  };
}

describe.each(['SQLite', 'PostgreSQL'])('retention on %s', (kind) => {
  let postgres: Databases | undefined;
  let folder: string;
  let database: ReturnType<typeof openSqlite>;
  let store: KyselyJournalStore;
  let time: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-retention-'));
    if (kind === 'PostgreSQL') postgres = await sharedPostgres();
  });
  afterAll(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    database = postgres
      ? openPostgres(await postgres.newDatabase())
      : openSqlite(join(await mkdtemp(join(folder, 'db-')), 'journal.db'));
    store = new KyselyJournalStore(database, true, () => time);
    await store.open();
  });
  afterEach(() => store.close());

  const pruneAt = (at: number): Promise<number> => {
    time = at;
    return new Retention(store, { journalRetentionDays: RETENTION_DAYS }).prune();
  };
  const pruneCarefullyAt = async (at: number): Promise<unknown[]> => {
    time = at;
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const retention = new Retention(store, { journalRetentionDays: RETENTION_DAYS });
    await retention.pruneCarefully();
    await retention.pruneCarefully();
    const said = error.mock.calls.map(([what]) => what);
    error.mockRestore();
    return said;
  };
  const records = (): Promise<JournalRecord[]> => Array.fromAsync(listRecords(database, {}, START));
  const begin = (at: number, ...intents: Intent[]): Promise<(KeyHolder | null)[]> => {
    time = at;
    return store.begin(intents);
  };
  const beginMany = async (from: number, count: number): Promise<void> => {
    const intents = Array.from({ length: count }, (_, index) => intentAt(from + index));
    for (let start = 0; start < count; start += 500) await begin(from, ...intents.slice(start, start + 500));
  };
  const linkAt = (at: number, subject: string): Promise<void> => {
    time = at;
    return store.link({ issuer: 'i', subject, groupno: '1001', custno: '700123' }, { user: 'operator' });
  };
  /** The subjects, newest first. */
  const linkChanges = async (): Promise<string[]> =>
    (await Array.fromAsync(listLinkChanges(database, {}))).flat().map(({ subject }) => subject);
  /** Who holds the key at that time; whoever asks while nobody does gets it. */
  const holderOf = async (hash: string, at: number): Promise<KeyHolder | null | undefined> =>
    (await begin(at, keyedAt(at, hash)))[0];

  it('forgets a key and its reply when the key expires, and not before; the record stays', async () => {
    const intent = keyedAt(START, 'k');
    await begin(START, intent);
    await store.complete([appliedWithReply(intent)]);
    await pruneAt(START + TTL_MS - 1);
    expect(await holderOf('k', START + 1)).toMatchObject({ kept: { id: intent.id, reply: 'sealed' } });
    await pruneAt(START + TTL_MS);
    expect(await records()).toEqual([expect.objectContaining({ id: intent.id, outcome: 'applied' })]);
    expect(await holderOf('k', START + TTL_MS)).toBeNull();
  });

  it('does not forget the key of a change that may still be under way, however short its life', async () => {
    const intent = keyedAt(START, 'k', 1);
    await begin(START, intent);
    await pruneAt(START + 14_999);
    expect(await holderOf('k', START + 1)).toMatchObject({ id: intent.id });
    await pruneAt(START + 15_000);
    expect(await holderOf('k', START + 15_000)).toBeNull();
  });

  it('deletes a record when it is old enough, and not before', async () => {
    const [old, young] = [intentAt(START), intentAt(START + 1)];
    await begin(START, old);
    await begin(START + 1, young);
    await pruneAt(START + RETENTION_DAYS * DAY_MS);
    expect((await records()).map(({ id }) => id)).toEqual([young.id, old.id]);
    await pruneAt(START + RETENTION_DAYS * DAY_MS + 1);
    expect((await records()).map(({ id }) => id)).toEqual([young.id]);
  });

  it('deletes the record of a change of a link when it is old enough, and not before; the link stays', async () => {
    await linkAt(START, 'old');
    await linkAt(START + 1, 'young');
    await pruneAt(START + RETENTION_DAYS * DAY_MS);
    expect(await linkChanges()).toEqual(['young', 'old']);
    expect(await pruneAt(START + RETENTION_DAYS * DAY_MS + 1)).toBe(1);
    expect(await linkChanges()).toEqual(['young']);
    expect((await store.usersOf('1001', '700123')).map(({ subject }) => subject)).toEqual(['old', 'young']);
  });

  it('deletes records of both kinds in batches until none is old', async () => {
    await beginMany(START, 700);
    for (let index = 0; index < 600; index += 1) await linkAt(START, `old-${index}`);
    await linkAt(START + 1000, 'young');
    expect(await pruneAt(START + RETENTION_DAYS * DAY_MS + 1000)).toBe(1300);
    expect(await records()).toEqual([]);
    expect(await linkChanges()).toEqual(['young']);
  });

  it('counts the changes of links where it looks for a clock that is wrong', async () => {
    await beginMany(START, 600);
    for (let index = 0; index < 500; index += 1) await linkAt(START, `old-${index}`);
    expect(await pruneCarefullyAt(START + RETENTION_DAYS * DAY_MS + 2000)).toEqual([
      { old: 1100, all: 1100 },
    ]);
    expect(await linkChanges()).toHaveLength(500);
  });

  it('goes on until nothing is left to do, in batches', async () => {
    const old = Array.from({ length: 1200 }, (_, index) => keyedAt(START + index, `k${index}`));
    for (let from = 0; from < old.length; from += 400) await begin(START, ...old.slice(from, from + 400));
    const young = keyedAt(START + 10 * DAY_MS, 'young');
    await begin(START + 10 * DAY_MS, young);
    const batches: { forgotten: number; deleted: number }[] = [];
    const prune = store.prune.bind(store);
    store.prune = async (...args) => {
      const batch = await prune(...args);
      batches.push(batch);
      return batch;
    };
    await pruneAt(START + 5 * DAY_MS);
    expect(batches).toEqual([500, 500, 200].map((forgotten) => ({ forgotten, deleted: 0 })));
    batches.length = 0;
    await pruneAt(START + RETENTION_DAYS * DAY_MS + 1200);
    expect(batches).toEqual([
      { forgotten: 1, deleted: 500 },
      { forgotten: 0, deleted: 500 },
      { forgotten: 0, deleted: 200 },
    ]);
    expect((await records()).map(({ id }) => id)).toEqual([young.id]);
  });

  it('stops and says so once where more than a quarter would go, as of a clock that is wrong', async () => {
    await beginMany(START, 1001);
    const later = START + RETENTION_DAYS * DAY_MS + 2000;
    const count = async (): Promise<number> => (await records()).length;
    expect(await pruneCarefullyAt(later)).toEqual([{ old: 1001, all: 1001 }]);
    expect(await count()).toBe(1001);
    await beginMany(later, 3003);
    expect(await pruneCarefullyAt(later)).toEqual([]);
    expect(await count()).toBe(3003);
  });

  it('says in one word why it could not be done', async () => {
    await database.schema.dropTable('changes').execute();
    jest.useFakeTimers({ now: START, doNotFake: ['setTimeout', 'setImmediate', 'nextTick'] });
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const retention = new Retention(store, { journalRetentionDays: RETENTION_DAYS });
    retention.onApplicationBootstrap();
    jest.advanceTimersByTime(60_000);
    jest.useRealTimers();
    await eventually(() => warn.mock.calls.length > 0);
    retention.onApplicationShutdown();
    const cause = postgres ? '42P01' : 'SQLITE_ERROR';
    expect(warn.mock.calls).toEqual([[{ cause }, 'the journal could not be pruned']]);
    warn.mockRestore();
  });

  it('goes on where only few are old, whatever their share', async () => {
    await beginMany(START, 1000);
    expect(await pruneCarefullyAt(START + RETENTION_DAYS * DAY_MS + 2000)).toEqual([]);
    expect(await records()).toEqual([]);
  });
});
