import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { startOctane } from '../sandbox/octane.ts';
import { groupCredentials } from '../sandbox/seed.ts';
import { eventually } from './support/eventually.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { TestStores } from './support/stores.ts';

const PAGE = 'docs/fault-matrix.md';
/** Short where the budget is what is waited for; elsewhere so long that no busy machine needs it. */
const BUDGET_MS = { spent: 1000, left: 15_000 };

type Operation = 'direct debit' | 'welcome email';

interface Expected {
  readonly answer: string;
  readonly outcome: string;
  readonly hits: number;
  /** What the same request with the same key gets once Octane is well again. */
  readonly again: 'replay' | 'sent again' | '409 outcome-unknown';
}

const applied = (answer: string): Expected => ({ answer, outcome: 'applied', hits: 1, again: 'replay' });
const rejected = (answer: string, again: Expected['again'] = 'replay', hits = 1): Expected => ({
  answer,
  outcome: 'rejected',
  hits,
  again,
});
/** A direct debit may be set again, and is where the connection or a gateway before Octane failed; an email may not. */
const unknown = (answer: string, hitsOfDirectDebit: number): Record<Operation, Expected> => ({
  'direct debit': { answer, outcome: 'unknown', hits: hitsOfDirectDebit, again: 'sent again' },
  'welcome email': { answer, outcome: 'unknown', hits: 1, again: '409 outcome-unknown' },
});
const both = (expected: Expected): Record<Operation, Expected> => ({
  'direct debit': expected,
  'welcome email': expected,
});
/** An email is sent when the head of a 2xx says so, whatever follows. */
const byHead = (answer: string): Record<Operation, Expected> => ({
  'direct debit': applied(answer),
  'welcome email': applied('204'),
});

/** Every fault of the sandbox, and what it comes to. */
const MATRIX: readonly (readonly [fault: object, expected: Record<Operation, Expected>])[] = [
  [
    { kind: 'delay', ms: 20 },
    { 'direct debit': applied('200'), 'welcome email': applied('204') },
  ],
  [{ kind: 'hang', at: 'start' }, unknown('504 octane-timeout', 1)],
  [{ kind: 'hang', at: 'headers' }, unknown('504 octane-timeout', 1)],
  [
    { kind: 'hang', at: 'body' },
    { ...unknown('504 octane-timeout', 1), 'welcome email': applied('204') },
  ],
  [
    { kind: 'drip', ms: 100 },
    { ...unknown('504 octane-timeout', 1), 'welcome email': applied('204') },
  ],
  [{ kind: 'reset' }, unknown('502 octane-error', 3)],
  [{ kind: 'cut' }, { ...unknown('502 octane-error', 3), 'welcome email': applied('204') }],
  [{ kind: 'garbage' }, unknown('502 octane-error', 1)],
  [{ kind: 'wrong-shape' }, byHead('502 octane-contract-violation')],
  [{ kind: 'not-json' }, byHead('502 octane-contract-violation')],
  [{ kind: 'oversize' }, byHead('502 octane-contract-violation')],
  [{ kind: 'redirect' }, both(rejected('502 octane-error'))],
  [{ kind: 'status', status: 400 }, both(rejected('422 octane-rejected'))],
  [{ kind: 'status', status: 401 }, both(rejected('502 octane-credentials-rejected', 'sent again'))],
  [{ kind: 'status', status: 403 }, both(rejected('403 octane-access-denied'))],
  [{ kind: 'status', status: 404 }, both(rejected('404 customer-not-found'))],
  [{ kind: 'status', status: 409 }, both(rejected('422 octane-rejected'))],
  [{ kind: 'status', status: 418 }, both(rejected('502 octane-error'))],
  [{ kind: 'status', status: 422 }, both(rejected('422 octane-rejected'))],
  [
    { kind: 'status', status: 429 },
    {
      'direct debit': rejected('503 octane-unavailable', 'sent again', 3),
      'welcome email': rejected('503 octane-unavailable', 'sent again'),
    },
  ],
  [{ kind: 'status', status: 429, retryAfter: 60 }, both(rejected('503 octane-unavailable', 'sent again'))],
  [{ kind: 'status', status: 500 }, unknown('502 octane-error', 1)],
  [{ kind: 'status', status: 502 }, unknown('502 octane-error', 3)],
  [{ kind: 'status', status: 503 }, unknown('503 octane-unavailable', 3)],
  [{ kind: 'status', status: 504 }, unknown('502 octane-error', 3)],
];
const OPERATIONS = ['direct debit', 'welcome email'] as const;

describe('the fault matrix', () => {
  const observed: string[][] = [];
  let stores: TestStores;
  /** Lends its identity provider: to make keys is most of what a gateway's start costs here. */
  let first: TestGateway;
  let octane: Awaited<ReturnType<typeof startOctane>>;
  beforeAll(async () => {
    stores = await TestStores.start('SQLite');
    first = await TestGateway.start();
    octane = await startOctane({ port: 0, controlPort: 0 });
  });
  afterAll(async () => {
    for (const { gateway } of gateways.values()) await gateway.stop();
    await octane.close();
    await first.stop();
    await stores.stop();
  });

  interface Subject {
    readonly gateway: TestGateway;
    readonly databaseUrl: string;
    readonly budgetMs: number;
  }
  const gateways = new Map<string, Subject>();
  /** One for all faults, as far as the budget and the breaker let it: what is retried would open it at the second fault. */
  const gatewayFor = async (fault: string, { answer, hits: sent }: Expected): Promise<Subject> => {
    const budget = /timeout/.test(answer) ? 'spent' : 'left';
    const name = sent > 1 ? fault : budget;
    const known = gateways.get(name);
    if (known) return known;
    const databaseUrl = await stores.newUrl();
    const gateway = await TestGateway.start({
      beside: first,
      environment: {
        ...groupCredentials(),
        OCTANE_BASE_URL: octane.url,
        OCTANE_TIMEOUT_MS: String(BUDGET_MS[budget]),
        DATABASE_URL: databaseUrl,
      },
    });
    const subject = { gateway, databaseUrl, budgetMs: BUDGET_MS[budget] };
    gateways.set(name, subject);
    return subject;
  };

  const control = async (method: string, path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${octane.controlUrl}${path}`, {
      method,
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    expect(response.ok).toBe(true);
    return text === '' ? undefined : JSON.parse(text);
  };
  const hits = async (): Promise<number> => ((await control('GET', '/requests')) as unknown[]).length;

  describe.each(MATRIX.map(([fault, expected]) => ({ fault: JSON.stringify(fault), expected })))(
    '$fault',
    ({ fault, expected }) => {
      let subject: Subject;
      beforeAll(async () => {
        subject = await gatewayFor(fault, expected['direct debit']);
      });
      beforeEach(async () => {
        await control('POST', '/reset');
        // Most calls succeed, so that no breaker opens.
        assert.equal((await subject.gateway.setDirectDebit()).status, 200);
        assert.equal((await subject.gateway.sendWelcomeEmail()).status, 204);
        await control('POST', '/reset');
        await control('PUT', '/fault', fault);
      });

      const attempt = async (operation: Operation, headers: Record<string, string>): Promise<string[]> => {
        const { gateway, databaseUrl, budgetMs } = subject;
        const send = (): Promise<Answer> =>
          operation === 'direct debit'
            ? gateway.setDirectDebit(undefined, { headers })
            : gateway.sendWelcomeEmail({ headers });
        const started = performance.now();
        const answer = await send();
        const tookTheBudget = performance.now() - started >= budgetMs;
        const sent = await hits();
        const record = (await journalRecords(databaseUrl)).find(
          ({ requestId }) => requestId === answer.headers['x-request-id'],
        );
        await control('DELETE', '/fault');
        // After a 401 nothing is sent for a second, which leaves the key free too.
        const again = await eventually(async () => {
          const tried = await send();
          return tried.json?.code === 'octane-credentials-rejected' ? undefined : tried;
        });
        const isReplay = again.headers['idempotency-replayed'] === 'true';
        const sentAgain = (await hits()) > sent;
        expect(record?.attempts).toBe(sent);
        const { outcome = 'applied', retryable } = answer.json ?? {};
        return [
          named(answer),
          outcome,
          retryable === undefined ? '' : retryable ? 'yes' : 'no',
          String(sent),
          record?.outcome ?? '',
          isReplay ? 'replay' : sentAgain ? 'sent again' : named(again),
          tookTheBudget ? 'the budget' : 'less',
        ];
      };
      const rowOf = ({ answer, outcome, hits: sent, again }: Expected): unknown[] => [
        answer,
        outcome,
        expect.any(String),
        String(sent),
        outcome,
        again,
        /timeout/.test(answer) ? 'the budget' : 'less',
      ];

      it.each(OPERATIONS)('to a %s with a key', async (operation) => {
        const row = await attempt(operation, {
          'idempotency-key': `"${createHash('sha256').update(fault).digest('hex')}"`,
        });
        expect(row).toEqual(rowOf(expected[operation]));
        observed.push([`\`${fault}\``, operation, ...row]);
      });

      it.each(OPERATIONS)('to a %s without one', async (operation) => {
        const row = await attempt(operation, {});
        expect(row).toEqual(rowOf({ ...expected[operation], again: 'sent again' }));
      });
    },
  );

  it(`is what ${PAGE} shows (written anew with UPDATE_DOCS=1)`, async () => {
    const header = [
      'Fault',
      'Operation',
      'Answer',
      'outcome',
      'retryable',
      'Sent',
      'On record',
      'Same key again, Octane well',
      'Takes',
    ];
    const table = [header, header.map(() => '---'), ...observed]
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n');
    const page = await readFile(PAGE, 'utf8');
    const wanted = await format(
      page.replace(
        /(<!-- generated:matrix -->\n)[^]*(\n<!-- \/generated:matrix -->)/,
        (_, begin: string, end: string) => `${begin}\n${table}\n${end}`,
      ),
      { ...(await resolveConfig(PAGE)), filepath: PAGE },
    );
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, wanted);
    expect(await readFile(PAGE, 'utf8')).toBe(wanted);
  });
});

function named({ status, json }: Answer): string {
  return json?.code === undefined ? String(status) : `${status} ${json.code}`;
}
