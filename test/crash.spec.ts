import { crashEnvironment, crashTest, SETTLED_AFTER_MS } from './crash/crash-test.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { journalRecords } from './support/journal-records.ts';
import { ScriptedOctane } from './support/scripted-octane.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';
import { TokenIssuer } from './support/token-issuer.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
const ROUNDS = 2;

let build: Awaited<ReturnType<typeof compileGateway>>;
let stores: TestStores[];
beforeAll(async () => {
  [build, ...stores] = await Promise.all([
    compileGateway(),
    ...STORE_KINDS.map((kind) => TestStores.start(kind)),
  ]);
}, SLOW_MS);
afterAll(() => Promise.all([build.remove(), ...stores.map((each) => each.stop())]));

it(
  'gateways on both stores that are killed under load keep every promise: npm run test:crash, in short',
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const reports = await Promise.all(
      stores.map(async (each) => {
        const databaseUrl = await each.newUrl();
        return crashTest({
          folder: build.folder,
          databaseUrl,
          rounds: ROUNDS,
          seed,
          readJournal: () => journalRecords(databaseUrl, Date.now() + SETTLED_AFTER_MS),
        });
      }),
    );
    expect({ seed, brokenPromises: reports.map(({ brokenPromises }) => brokenPromises) }).toEqual({
      seed,
      brokenPromises: [[], []],
    });
    expect(reports.map(({ kills }) => kills)).toEqual([ROUNDS, ROUNDS]);
  },
  SLOW_MS,
);

it(
  'a gateway whose disk is full sends nothing, and goes on when there is room again',
  async () => {
    const [octane, issuer] = await Promise.all([ScriptedOctane.start(), TokenIssuer.start()]);
    const databaseUrl = await stores[STORE_KINDS.indexOf('SQLite')]!.newUrl();
    const environment = await crashEnvironment(build.folder, databaseUrl, octane, issuer);
    const token = await issuer.token({ claims: { client_id: 'crash-test' } });
    const sendEmail = async (api: string, key: string): Promise<[number, unknown]> => {
      const answer = await fetch(`${api}/v1/customers/700123/send-welcome-email`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
      });
      return [answer.status, answer.status === 204 ? undefined : await answer.json()];
    };

    // No file may grow beyond 512 KiB, as if there were no room for more.
    const limited = new GatewayProcess(build.folder, environment, [
      'sh',
      '-c',
      'ulimit -f 1024 && exec "$@"',
      'sh',
    ]);
    const { api } = await limited.addresses();
    let sent = 0;
    while ((await sendEmail(api, `key-${sent}`))[0] === 204) sent += 1;
    const hits = octane.hits.length;
    expect(sent).toBeGreaterThan(0);
    expect(hits - sent).toBeLessThanOrEqual(1);
    for (let again = 0; again < 10; again += 1) {
      expect(await sendEmail(api, 'refused')).toEqual([
        503,
        expect.objectContaining({ code: 'journal-unavailable', outcome: 'not-sent', retryable: true }),
      ]);
    }
    expect(octane.hits).toHaveLength(hits);
    await limited.kill();

    const roomy = new GatewayProcess(build.folder, environment);
    const { api: next } = await roomy.addresses();
    expect((await sendEmail(next, 'refused'))[0]).toBe(204);
    expect((await sendEmail(next, 'key-0'))[0]).toBe(204);
    expect(octane.hits).toHaveLength(hits + 1);
    const records = await journalRecords(databaseUrl, Date.now() + SETTLED_AFTER_MS);
    expect(records.filter(({ outcome }) => outcome === 'applied')).toHaveLength(sent + 1);
    expect(records).toHaveLength(hits + 1);
    await roomy.kill();
    await Promise.all([octane.stop(), issuer.stop()]);
  },
  SLOW_MS,
);
