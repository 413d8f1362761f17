import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { customersProgram } from '../src/links/customers-program.ts';
import { CREDENTIALS, gatewayFileOf, TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { clockToSetForward } from './support/limits.ts';
import { runCommand } from './support/run-command.ts';

/** For each file many requests follow; a file costs its links and a reload. */
const FILES = 30;
const MAX_REQUESTS = 50;
/** The longest that a gateway may go by links that another process has changed. */
const LINKS_AGE_MS = 5000;
/** Customers of both groups have these numbers. */
const CUSTNOS = ['700123', '700124', '7'] as const;
const GROUPS = ['1001', '2002'] as const;
const USERS = ['anna', 'ben', 'carl'] as const;
const CLIENTS = ['app', 'portal', 'service'] as const;
const BRANDS = ['acme', 'bolt'] as const;

type Groupno = (typeof GROUPS)[number];
type Claims = Record<string, unknown>;

interface Caller {
  customers: 'own' | 'any';
  directory: 'token' | 'links';
  custnoClaim: 'custno' | '/app/customers' | '/app/list/1';
  group: { only: Groupno } | { claim: 'brand' | '/app/brand'; groups: Partial<Record<string, Groupno>> };
}

interface File {
  callers: Partial<Record<(typeof CLIENTS)[number], Caller>>;
  links: { user: string; groupno: Groupno; custno: string }[];
  blockedUsers: string[];
  blockedCustomers: { groupno: Groupno; custno: string }[];
}

const groupno = fc.constantFrom(...GROUPS);
const custno = fc.constantFrom(...CUSTNOS);
const user = fc.constantFrom(...USERS);

const caller: fc.Arbitrary<Caller> = fc.record({
  customers: fc.constantFrom('own', 'own', 'own', 'any'),
  directory: fc.constantFrom('token', 'links'),
  custnoClaim: fc.constantFrom('custno', '/app/customers', '/app/list/1'),
  group: fc.oneof(
    fc.record({ only: groupno }),
    fc.record({
      claim: fc.constantFrom('brand', '/app/brand'),
      groups: fc.dictionary(fc.constantFrom(...BRANDS), groupno, { minKeys: 1 }),
    }),
  ),
});

const file: fc.Arbitrary<File> = fc.record({
  callers: fc.record(Object.fromEntries(CLIENTS.map((client) => [client, caller])), {
    requiredKeys: ['app'],
  }),
  links: fc.array(fc.record({ user, groupno, custno }), { maxLength: 12 }),
  blockedUsers: fc.subarray([...USERS], { maxLength: 1 }),
  blockedCustomers: fc.array(fc.record({ groupno, custno }), { maxLength: 2 }),
});

const named = fc.oneof(custno, custno.map(Number));
const value = fc.oneof(
  { weight: 4, arbitrary: named },
  { weight: 3, arbitrary: fc.array(named, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, '', '0700123', ' 700123', -7, 7.5, true, {}, ['700123', null], [['7']]),
  },
);
const brand = fc.constantFrom<unknown>('acme', 'bolt', 'Acme', 'toString', '1001', 1001, ['acme'], undefined);

interface Request {
  client: string;
  user: string;
  custno: string;
  claims: Claims;
  /** What an attacker would try. */
  query: string;
  headers: Record<string, string>;
}

const request: fc.Arbitrary<Request> = fc.record({
  client: fc.constantFrom(...CLIENTS, 'nobody'),
  user,
  custno: fc.constantFrom(...CUSTNOS, 'me', 'me'),
  claims: fc.record({
    custno: value,
    brand,
    app: fc.record({ customers: value, brand, list: fc.array(value, { maxLength: 3 }) }),
    groupno,
  }),
  query: fc.constantFrom('', '?groupno=2002', '?custno=700124&brand=bolt'),
  headers: fc.constantFrom({}, { groupno: '2002' }, { 'x-groupno': '1001', 'x-customer': '700124' }),
});

/** What the token, the links and the file together mean, read from what is promised and not from the code. */
type Meaning = { code: string } | { groupno: Groupno; custno: string };

function meaningOf(asked: Request, { callers, links, blockedUsers, blockedCustomers }: File): Meaning {
  const by = callers[asked.client as (typeof CLIENTS)[number]];
  const chosen = by && groupOf(by, asked.claims);
  if (!by || !chosen) return { code: 'caller-not-mapped' };
  if (blockedUsers.includes(asked.user)) return { code: 'access-blocked' };
  const linked = links.filter((link) => link.user === asked.user && link.groupno === chosen);
  const own = new Set(
    by.directory === 'links' ? linked.map((link) => link.custno) : numbersIn(claimOf(by, asked.claims)),
  );
  const [first] = own;
  if (asked.custno === 'me' && own.size !== 1) return { code: 'customer-not-permitted' };
  if (asked.custno !== 'me' && by.customers === 'own' && !own.has(asked.custno))
    return { code: 'customer-not-permitted' };
  const meant = asked.custno === 'me' ? first! : asked.custno;
  const isBlocked = blockedCustomers.some((one) => one.groupno === chosen && one.custno === meant);
  return isBlocked ? { code: 'access-blocked' } : { groupno: chosen, custno: meant };
}

function groupOf({ group }: Caller, claims: any): Groupno | undefined {
  if ('only' in group) return group.only;
  const chosen: unknown = group.claim === 'brand' ? claims.brand : claims.app.brand;
  return BRANDS.some((one) => one === chosen) ? group.groups[chosen as string] : undefined;
}

function claimOf({ custnoClaim }: Caller, claims: any): unknown {
  if (custnoClaim === 'custno') return claims.custno;
  return custnoClaim === '/app/customers' ? claims.app.customers : claims.app.list[1];
}

/** Each of the numbers is one of CUSTNOS; with anything else in the list there is none. */
function numbersIn(claim: unknown): string[] {
  const all = Array.isArray(claim) ? claim : [claim];
  const good = all.filter((one) => typeof one === 'string' || typeof one === 'number').map(String);
  return good.length === all.length && good.every((one) => /^[1-9]\d*$/.test(one)) ? good : [];
}

const { after } = clockToSetForward();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
  // Looks when it is told to.
  gateway.application.get(LiveGatewayConfig).onApplicationShutdown();
});
afterAll(() => gateway.stop());

/** The users of each file have names of their own, so that no link is left of the one before. */
let files = 0;
const subjectOf = (name: string): string => `${name}-${files}`;

async function publish({ callers, links, blockedUsers, blockedCustomers }: File): Promise<void> {
  files += 1;
  const { issuer } = gateway.issuer;
  const text = stringify({
    ...gatewayFileOf(gateway.issuer),
    callers: Object.entries(callers).map(([clientId, { customers, directory, custnoClaim, group }]) => ({
      clientId,
      issuer,
      customers,
      directory,
      custnoClaim,
      ...('only' in group ? { groupno: group.only } : { groupnoClaim: group.claim, groups: group.groups }),
    })),
    blocked: {
      subjects: blockedUsers.map((name) => ({ issuer, subject: subjectOf(name) })),
      customers: [...new Map(blockedCustomers.map((one) => [Object.values(one).join(), one])).values()],
    },
  });
  const path = join(gateway.folder, 'gateway.yaml');
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  const live = gateway.application.get(LiveGatewayConfig);
  live.look();
  live.look();

  const csv = join(gateway.folder, 'links.csv');
  const lines = links.map((link) => [issuer, subjectOf(link.user), link.groupno, link.custno].join());
  writeFileSync(csv, ['issuer,subject,groupno,custno', ...lines].join('\n'));
  const environment = { GATEWAY_FILE: path, DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}` };
  expect(await runCommand(customersProgram, ['import', csv], environment)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`The file has ${links.length}.`),
  });
  await after(LINKS_AGE_MS);
}

function basicOf(group: Groupno): string {
  const [username, password] = [
    CREDENTIALS[`OCTANE_${group}_USERNAME`],
    CREDENTIALS[`OCTANE_${group}_PASSWORD`],
  ];
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface Result {
  status: number;
  code: unknown;
  replayed: boolean;
  /** What Octane received: paths and credentials. */
  hits: unknown[];
}

function resultOf({ status, json, headers }: Answer): Result {
  return {
    status,
    code: json?.code,
    replayed: headers['idempotency-replayed'] === 'true',
    hits: gateway.octane.hits.map((hit) => [hit.path, hit.headers.authorization]),
  };
}

function expectedOf(meaning: Meaning, wasAnswered: boolean): Result {
  if ('code' in meaning) return { status: 403, code: meaning.code, replayed: false, hits: [] };
  const path = `/tiab/api/v1/group/${meaning.groupno}/customer/${meaning.custno}/send-welcome-email`;
  const hits = wasAnswered ? [] : [[path, basicOf(meaning.groupno)]];
  return { status: 204, code: undefined, replayed: wasAnswered, hits };
}

it('nobody reaches a customer but by what token, links and file say together, and no answer of somebody else', async () => {
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.array(request, { minLength: 1, maxLength: MAX_REQUESTS, size: 'max' }),
      async (published, requests) => {
        await publish(published);
        const answered = new Set<string>();
        for (const asked of requests) {
          const meaning = meaningOf(asked, published);
          gateway.octane.reset();
          const subject = subjectOf(asked.user);
          const answer = await gateway.sendWelcomeEmail({
            path: `/v1/customers/${asked.custno}/send-welcome-email${asked.query}`,
            token: await gateway.issuer.token({
              claims: { ...asked.claims, client_id: asked.client, sub: subject },
            }),
            headers: { ...asked.headers, 'idempotency-key': 'the-same-for-all' },
          });
          const scope = JSON.stringify([asked.client, subject, meaning]);
          expect(resultOf(answer)).toEqual(expectedOf(meaning, answered.has(scope)));
          answered.add(scope);
        }
      },
    ),
    // To make a counterexample smaller takes longer than a test may.
    { numRuns: FILES, endOnFailure: true },
  );
});
