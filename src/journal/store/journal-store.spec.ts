import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { intentAt } from '../../../test/support/intent.ts';
import { sharedPostgres } from '../../../test/support/shared-postgres.ts';
import type { Databases } from '../../../test/support/shared-postgres.ts';
import type { Completion, Intent, JournalRecord } from './journal-store.ts';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { openPostgres, openSqlite } from './open-database.ts';
import { listLinkChanges } from './link-changes.ts';
import { findRecord, listRecords } from './read-records.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const YEAR_MS = 365 * 86_400_000;

const intentOf = (changes: Partial<Intent> = {}, at = NOW): Intent => intentAt(at, changes);

const keyed = (hash: string, changes: Partial<Intent> = {}): Intent =>
  intentOf({ key: { hash, fingerprint: 'f', ttlMs: 60_000 }, ...changes });

const completionOf = (id: string, changes: Partial<Completion> = {}): Completion => ({
  id,
  outcome: 'applied',
  octaneStatus: 200,
  attempts: 1,
  durationMs: 5,
  reply: null,
  keepsKey: true,
  ...changes,
});

describe.each(['SQLite', 'PostgreSQL'])('the journal store on %s', (kind) => {
  let postgres: Databases | undefined;
  let folder: string;
  let database: ReturnType<typeof openSqlite>;
  let store: KyselyJournalStore;
  let time: number;
  let url: string;
  const records = async (now = NOW): Promise<JournalRecord[]> =>
    Array.fromAsync(listRecords(database, {}, now));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-journal-'));
    if (kind === 'PostgreSQL') postgres = await sharedPostgres();
  });
  afterAll(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    url = (await postgres?.newDatabase()) ?? '';
    database = postgres
      ? openPostgres(url)
      : openSqlite(join(await mkdtemp(join(folder, 'db-')), 'journal.db'));
    time = NOW;
    store = new KyselyJournalStore(database, true, () => time);
    await store.open();
  });
  afterEach(() => store.close());

  it('records an intent, then its outcome', async () => {
    const intent = intentOf();
    expect(await store.begin([intent])).toEqual([null]);
    expect(await findRecord(database, intent.id, NOW)).toMatchObject({
      outcome: 'in-progress',
      attempts: 0,
      octaneStatus: null,
    });
    await store.complete([completionOf(intent.id, { attempts: 2 })]);
    expect(await records()).toEqual([
      {
        id: intent.id,
        at: NOW,
        issuer: intent.issuer,
        client: intent.client,
        subject: intent.subject,
        groupno: '1001',
        custno: '700123',
        operation: 'direct-debit',
        outcome: 'applied',
        octaneStatus: 200,
        attempts: 2,
        requestId: 'request-1',
        actor: null,
        completedAt: NOW + 5,
        settled: null,
      },
    ]);
  });

  it('writes each batch as it is, however many of its size came before and in whatever order their properties stand', async () => {
    for (const custno of ['1', '2', '3']) {
      const keyless = Object.fromEntries(
        Object.entries(intentOf({ custno })).toReversed(),
      ) as unknown as Intent;
      const withKey = keyed(`key of ${custno}`, { custno, operation: 'welcome-email' });
      expect(await store.begin([keyless, withKey])).toEqual([null, null]);
      await store.complete([
        completionOf(withKey.id, { outcome: 'unknown', octaneStatus: null, attempts: 3 }),
        completionOf(keyless.id, { durationMs: Number(custno) }),
      ]);
    }
    const written = (await records())
      .map(({ custno, operation, outcome, octaneStatus, attempts, completedAt }) => [
        custno,
        operation,
        outcome,
        octaneStatus,
        attempts,
        completedAt,
      ])
      .toSorted((a, b) => String(a).localeCompare(String(b)));
    expect(written).toEqual(
      ['1', '2', '3'].flatMap((custno) => [
        [custno, 'direct-debit', 'applied', 200, 1, NOW + Number(custno)],
        [custno, 'welcome-email', 'unknown', null, 3, NOW + 5],
      ]),
    );
  });

  it('knows a change without an outcome as unknown once its time is over', async () => {
    await store.begin([intentOf()]);
    expect((await records(NOW + 14_999))[0]?.outcome).toBe('in-progress');
    expect((await records(NOW + 15_000))[0]?.outcome).toBe('unknown');
  });

  it('lets one of many changes have a key, in one batch and in several at once', async () => {
    const batches = Array.from({ length: 5 }, () => Array.from({ length: 10 }, () => keyed('k')));
    const claims = (await Promise.all(batches.map((batch) => store.begin(batch)))).flat();
    expect(claims.filter((claim) => claim === null)).toHaveLength(1);
    expect(await records()).toHaveLength(1);
    const [record] = await records();
    expect(claims.filter((claim) => claim !== null).every((holder) => holder.id === record?.id)).toBe(true);
  });

  it('records changes with other keys and without one beside a refused one, and tells them apart in order', async () => {
    await store.begin([keyed('taken')]);
    const claims = await store.begin([keyed('a'), keyed('taken'), intentOf(), intentOf()]);
    expect(claims.map((claim) => claim?.hash ?? null)).toEqual([null, 'taken', null, null]);
    expect(await records()).toHaveLength(4);
  });

  it('frees a key that is not kept, and keeps one with its reply', async () => {
    const [kept, freed] = [keyed('kept'), keyed('freed')];
    await store.begin([kept, freed]);
    await store.complete([
      completionOf(kept.id, { reply: 'sealed' }),
      completionOf(freed.id, { outcome: 'not-sent', octaneStatus: null, keepsKey: false }),
    ]);
    const [again, free] = await store.begin([keyed('kept'), keyed('freed')]);
    expect(again).toMatchObject({
      outcome: 'applied',
      kept: { id: kept.id, reply: 'sealed', fingerprint: 'f' },
      state: 'finished',
    });
    expect(free).toBeNull();
  });

  it('hands a key over once, and back', async () => {
    const first = keyed('k');
    await store.begin([first]);
    await store.complete([completionOf(first.id, { outcome: 'unknown', octaneStatus: null })]);
    const [holder] = await store.begin([keyed('k')]);
    const next = [keyed('k'), keyed('k'), keyed('k')];
    const taken = await Promise.all(next.map((intent) => store.takeOver(holder!, intent)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const winner = next[taken.indexOf(true)]!;
    await store.complete([completionOf(winner.id, { outcome: 'not-sent', keepsKey: false })]);
    expect((await store.begin([keyed('k')]))[0]).toMatchObject({ kept: { id: first.id }, state: 'unknown' });
  });

  it('hands a key back once, also when that is written twice', async () => {
    const [first, second, third] = [keyed('k'), keyed('k'), keyed('k')];
    await store.begin([first]);
    await store.complete([completionOf(first.id, { outcome: 'unknown' })]);
    const [holder] = await store.begin([second]);
    await store.takeOver(holder!, second);
    const notSent = completionOf(second.id, {
      outcome: 'not-sent',
      keepsKey: false,
    });
    await store.complete([notSent]);
    await store.complete([notSent]);
    expect((await store.begin([third]))[0]).toMatchObject({ kept: { id: first.id }, state: 'unknown' });
  });

  it.each(['before', 'after'])('withdraws an intent %s it comes', async (when) => {
    const intent = keyed('k');
    const notSent = completionOf(intent.id, { outcome: 'not-sent', keepsKey: false });
    if (when === 'after') await store.begin([intent]);
    await store.withdraw(intent, notSent);
    await store.withdraw(intent, notSent);
    await expect(store.begin([intent, keyed('other')])).rejects.toThrow(/unique constraint/i);
    expect((await records()).map(({ id, outcome }) => [id, outcome])).toEqual([[intent.id, 'not-sent']]);
    expect(await store.begin([keyed('k')])).toEqual([null]);
  });

  it.each(['before', 'after'])('withdraws an intent %s it takes over a key', async (when) => {
    const [first, intent] = [keyed('k'), keyed('k')];
    await store.begin([first]);
    await store.complete([completionOf(first.id, { outcome: 'unknown' })]);
    const [holder] = await store.begin([intent]);
    if (when === 'after') await store.takeOver(holder!, intent);
    const notSent = { outcome: 'not-sent', keepsKey: false } as const;
    await store.withdraw(intent, completionOf(intent.id, notSent));
    const late = await store.takeOver(holder!, intent).catch((error: Error) => error.message);
    expect(String(late)).toMatch(when === 'after' ? /^false$/ : /unique constraint/i);
    expect((await store.begin([keyed('k')]))[0]).toMatchObject({ kept: { id: first.id }, state: 'unknown' });
  });

  if (kind === 'PostgreSQL') {
    it('waits for no key that another session has locked, to the cost of nobody else', async () => {
      const [unknown, expired] = [keyed('unknown'), keyed('expired')];
      await store.begin([unknown, expired]);
      await store.complete([
        completionOf(unknown.id, { outcome: 'unknown' }),
        completionOf(expired.id, { reply: 'sealed' }),
      ]);
      await sql`UPDATE changes SET expires_at = ${NOW} WHERE id = ${expired.id}`.execute(database);
      // As a replica that vanished between the two halves of a take-over.
      const vanished = openPostgres(url);
      const locked = await vanished.startTransaction().execute();
      await locked.updateTable('changes').set({ key_hash: null }).execute();
      const again = keyed('unknown');
      const [held, other, busy] = await store.begin([again, keyed('other'), keyed('expired')]);
      expect([held?.state, other, busy?.state]).toEqual(['unknown', null, 'running']);
      expect(await store.takeOver(held!, again)).toBe(false);
      expect(await store.prune(YEAR_MS, 10)).toEqual({ forgotten: 0, deleted: 0 });
      await locked.rollback().execute();
      await vanished.destroy();
      expect(await store.takeOver(held!, again)).toBe(true);
      expect(await store.begin([keyed('expired')])).toEqual([null]);
    });
  }

  it('forgets the reply of a change whose key was taken over with the key that its successor has', async () => {
    const [first, second] = [keyed('k'), keyed('k')];
    await store.begin([first]);
    time = NOW + 15_000;
    const [holder] = await store.begin([second]);
    await store.takeOver(holder!, second);
    await store.complete([completionOf(first.id, { reply: 'sealed' }), completionOf(second.id)]);
    expect(await findRecord(database, first.id, NOW)).toMatchObject({ outcome: 'applied' });
    time = NOW + 15_000 + 60_000;
    await store.prune(YEAR_MS, 10);
    const left = database.selectFrom('changes').select(['key_hash', 'fingerprint', 'reply']);
    const nothing = { key_hash: null, fingerprint: null, reply: null };
    expect(await left.execute()).toEqual([nothing, nothing]);
  });

  it('forgets expired keys and deletes old records, a few at a time', async () => {
    for (let index = 0; index < 5; index += 1) {
      time = NOW - 10_000 + index;
      await store.begin([intentOf({}, time)]);
    }
    time = NOW;
    await store.begin([keyed('a'), keyed('b'), keyed('c')]);
    time = NOW + 100_000;
    expect(await store.prune(100_000, 2)).toEqual({ forgotten: 2, deleted: 2 });
    expect(await store.prune(100_000, 2)).toEqual({ forgotten: 1, deleted: 2 });
    expect(await store.prune(100_000, 2)).toEqual({ forgotten: 0, deleted: 1 });
    expect(await records()).toHaveLength(3);
    expect(await store.begin([keyed('a')])).toEqual([null]);
  });

  it('deletes nothing early of a replica whose clock is behind', async () => {
    await store.begin([intentOf({}, NOW - YEAR_MS)]);
    time = NOW + 1000;
    expect(await store.prune(2000, 10)).toEqual({ forgotten: 0, deleted: 0 });
    time = NOW + 2001;
    expect(await store.prune(2000, 10)).toEqual({ forgotten: 0, deleted: 1 });
  });

  it('keeps a key that expired while its change is still running', async () => {
    await store.begin([keyed('k', { key: { hash: 'k', fingerprint: 'f', ttlMs: 1000 } })]);
    time = NOW + 2000;
    await store.prune(YEAR_MS, 10);
    expect((await store.begin([keyed('k')]))[0]).toMatchObject({ state: 'running' });
  });

  it('filters by customer, client, issuer, time and outcome, newest first', async () => {
    const changes = [
      intentOf({ custno: '1' }, NOW - 2000),
      intentOf({ custno: '2', client: 'billing-service' }, NOW - 1000),
      intentOf({ custno: '1', issuer: 'https://other.example.com/' }, NOW),
    ];
    await store.begin(changes);
    await store.complete([completionOf(changes[0]!.id, { outcome: 'rejected', octaneStatus: 422 })]);
    const ids = async (filter: object, now = NOW): Promise<string[]> =>
      (await Array.fromAsync(listRecords(database, filter, now))).map(({ id }) => id);
    const [a, b, c] = changes.map(({ id }) => id);
    expect(await ids({})).toEqual([c, b, a]);
    expect(await ids({ custno: '1' })).toEqual([c, a]);
    expect(await ids({ client: 'billing-service' })).toEqual([b]);
    expect(await ids({ issuer: 'https://other.example.com/' })).toEqual([c]);
    expect(await ids({ since: NOW - 1000 })).toEqual([c, b]);
    expect(await ids({ custno: '1', since: NOW - 1000, until: NOW + 1 })).toEqual([c]);
    expect(await ids({ until: NOW - 1000 })).toEqual([a]);
    expect(await ids({ outcome: 'rejected' })).toEqual([a]);
    expect(await ids({ outcome: 'in-progress' })).toEqual([c, b]);
    expect(await ids({ outcome: 'unknown' }, NOW + 15_000)).toEqual([c, b]);
  });

  it('reads page by page', async () => {
    const many = Array.from({ length: 1201 }, (_, index) => intentOf({}, NOW + index));
    for (let from = 0; from < many.length; from += 400) await store.begin(many.slice(from, from + 400));
    expect((await records()).map(({ id }) => id)).toEqual(many.map(({ id }) => id).toReversed());
  });

  it('keeps what was written when it is opened again', async () => {
    await store.begin([intentOf()]);
    await store.open();
    await store.check();
    expect(await records()).toHaveLength(1);
  });

  describe('changes of links', () => {
    const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    const LINK = { issuer: 'i', subject: 's', groupno: '1001', custno: '700123' };
    const BY = { issuer: 'j', client: 'c', subject: 'clerk', actor: null, requestId: 'r' };
    const changes = async (): Promise<unknown[]> =>
      (await Array.fromAsync(listLinkChanges(database, {}))).flat();

    it('are on record with the time of the store, only where something changed', async () => {
      await store.unlink(LINK, BY);
      await store.link(LINK, BY);
      time += 1;
      await store.link(LINK, BY);
      await store.unlink(LINK, { user: 'operator' });
      await store.unlink(LINK, BY);
      const nobody = {
        caller_issuer: null,
        client: null,
        caller_subject: null,
        actor: null,
        request_id: null,
      };
      expect(await changes()).toEqual([
        {
          ...LINK,
          ...nobody,
          id: expect.stringMatching(UUID_7),
          at: NOW + 1,
          change: 'unlinked',
          changed_by: 'operator',
        },
        {
          ...LINK,
          id: expect.stringMatching(UUID_7),
          at: NOW,
          change: 'linked',
          changed_by: null,
          caller_issuer: 'j',
          client: 'c',
          caller_subject: 'clerk',
          actor: null,
          request_id: 'r',
        },
      ]);
    });

    it('are in the order in which they came, also within a millisecond', async () => {
      const custnos = Array.from({ length: 20 }, (_, index) => String(index + 1));
      for (const custno of custnos) await store.link({ ...LINK, custno }, BY);
      expect(await changes()).toMatchObject(custnos.toReversed().map((custno) => ({ custno, at: NOW })));
    });

    it('that come at once leave one record', async () => {
      const one = new KyselyJournalStore(postgres ? openPostgres(url) : database, true, () => time);
      await Promise.all([store, one, store, one].map((each) => each.link(LINK, BY)));
      expect(await changes()).toHaveLength(1);
      await Promise.all([store, one, store, one].map((each) => each.unlink(LINK, BY)));
      expect(await changes()).toHaveLength(2);
      if (postgres) await one.close();
    });

    it('are not made where they cannot be put on record', async () => {
      await store.link(LINK, BY);
      await database.schema.dropTable('customer_link_changes').execute();
      await expect(store.link({ ...LINK, custno: '700124' }, BY)).rejects.toThrow(/customer_link_changes/);
      await expect(store.unlink(LINK, BY)).rejects.toThrow(/customer_link_changes/);
      expect(await store.usersOf('1001', '700123')).toHaveLength(1);
      expect(await store.usersOf('1001', '700124')).toEqual([]);
    });
  });
});
