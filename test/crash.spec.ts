import { crashEnvironment, crashTest, SETTLED_AFTER_MS } from './crash/crash-test.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { journalRecords } from './support/journal-records.ts';
import { answerProperly, ScriptedOctane } from './support/scripted-octane.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';
import { TokenIssuer } from './support/token-issuer.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
const ROUNDS = 2;
const AT_A_TIME = 16;
/** Enough for the way to Octane, also on a busy machine. */
const LONG_BUDGET_MS = 3000;

let build: Awaited<ReturnType<typeof compileGateway>>;
let stores: TestStores[];
beforeAll(async () => {
  [build, ...stores] = await Promise.all([
    compileGateway(),
    ...STORE_KINDS.map((kind) => TestStores.start(kind)),
  ]);
}, SLOW_MS);
afterAll(() => Promise.all([build.remove(), ...stores.map((each) => each.stop())]));

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(cleanUp.splice(0).map((end) => end()));
});

/** An Octane, an issuer and a new SQLite file, and what a gateway is told of them. */
async function surroundings() {
  const [octane, issuer] = await Promise.all([ScriptedOctane.start(), TokenIssuer.start()]);
  cleanUp.push(
    () => octane.stop(),
    () => issuer.stop(),
  );
  const databaseUrl = await stores[STORE_KINDS.indexOf('SQLite')]!.newUrl();
  const environment = await crashEnvironment(build.folder, databaseUrl, octane, issuer);
  return { octane, issuer, databaseUrl, environment };
}

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
    const { octane, issuer, databaseUrl, environment } = await surroundings();
    const token = await issuer.token({ claims: { client_id: 'crash-test' } });
    const sendEmail = async (api: string, key: string): Promise<[number, unknown]> => {
      const answer = await fetch(`${api}/v1/customers/700123/send-welcome-email`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': key, 'x-request-id': key },
      });
      return [answer.status, answer.status === 204 ? undefined : await answer.json()];
    };

    // No file may grow beyond 512 KiB, as if there were no room for more. A new store alone takes half of that. With time for Octane
    // on a busy machine, so that the disk alone refuses.
    const limited = new GatewayProcess(build.folder, { ...environment, OCTANE_TIMEOUT_MS: '60000' }, [
      'sh',
      '-c',
      'ulimit -f 1024 && exec "$@"',
      'sh',
    ]);
    cleanUp.push(() => limited.kill());
    const { api } = await limited.addresses();
    const sent: string[] = [];
    for (let round = 0, isFull = false; !isFull; round += 1) {
      const keys = Array.from({ length: AT_A_TIME }, (_, index) => `key-${round}-${index}`);
      const answers = await Promise.all(keys.map((key) => sendEmail(api, key)));
      sent.push(...keys.filter((_, index) => answers[index]![0] === 204));
      // Not so the first refusal: on a busy machine a store may be slow.
      isFull = limited.stdout.includes('"cause":"SQLITE_IOERR_WRITE"');
    }
    const hits = octane.hits.length;
    expect(sent.length).toBeGreaterThan(0);
    expect(hits - sent.length).toBeLessThanOrEqual(AT_A_TIME);
    for (let again = 0; again < 10; again += 1) {
      expect(await sendEmail(api, 'refused')).toEqual([
        503,
        expect.objectContaining({ code: 'journal-unavailable', outcome: 'not-sent', retryable: true }),
      ]);
    }
    expect(octane.hits).toHaveLength(hits);
    await limited.kill();

    const roomy = new GatewayProcess(build.folder, environment);
    cleanUp.push(() => roomy.kill());
    const { api: next } = await roomy.addresses();
    // A store that is slow on a busy machine is a refusal before anything is sent.
    await eventually(async () => (await sendEmail(next, 'refused'))[0] === 204);
    await eventually(async () => (await sendEmail(next, sent[0]!))[0] === 204);
    expect(octane.hits).toHaveLength(hits + 1);
    const records = await journalRecords(databaseUrl, Date.now() + SETTLED_AFTER_MS);
    // What was acknowledged or sent is on record. So may be what was refused: the disk may have filled up while it was written.
    const applied = records.filter(({ outcome }) => outcome === 'applied').map(({ requestId }) => requestId);
    expect(applied).toEqual(expect.arrayContaining([...sent, 'refused']));
    expect(new Set(applied).size).toBe(applied.length);
    const recorded = records
      .filter(({ outcome }) => outcome !== 'not-sent')
      .map(({ requestId }) => requestId);
    expect(recorded).toEqual(
      expect.arrayContaining(octane.hits.map(({ headers }) => headers['x-request-id'])),
    );
  },
  SLOW_MS,
);

it(
  'a gateway that was stopped for longer than the budget tells what has arrived meanwhile',
  async () => {
    const { octane, issuer, environment } = await surroundings();
    const gateway = new GatewayProcess(build.folder, {
      ...environment,
      OCTANE_TIMEOUT_MS: String(LONG_BUDGET_MS),
    });
    cleanUp.push(() => gateway.kill());
    const { api } = await gateway.addresses();
    octane.script = (hit, response, socket) => {
      gateway.signal('SIGSTOP');
      response.on('finish', () => setTimeout(() => gateway.signal('SIGCONT'), LONG_BUDGET_MS + 500));
      answerProperly(hit, response, socket);
    };
    const answer = await fetch(`${api}/v1/customers/700123/send-welcome-email`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.token({ claims: { client_id: 'crash-test' } })}`,
      },
    });
    expect([answer.status, octane.hits.length]).toEqual([204, 1]);
  },
  SLOW_MS,
);
