import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { startOctane } from '../sandbox/octane.ts';
import { groupCredentials } from '../sandbox/seed.ts';
import { eventually } from './support/eventually.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';

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
const BUDGETS = ['left', 'spent'] as const;
type Budget = (typeof BUDGETS)[number];

/** An Octane of its own, and a gateway for each budget. What waits on one side keeps nothing on another. */
class Side {
  private constructor(
    private readonly octane: Awaited<ReturnType<typeof startOctane>>,
    readonly gateways: Readonly<Record<Budget, TestGateway>>,
  ) {}

  /** @param beside lends its identity provider: to make keys is most of what a gateway's start costs here */
  static async start(beside?: Side): Promise<Side> {
    const octane = await startOctane({ port: 0, controlPort: 0 });
    const startGateway = (budget: Budget, lender?: TestGateway): Promise<TestGateway> =>
      TestGateway.start({
        ...(lender && { beside: lender }),
        environment: {
          ...groupCredentials(),
          OCTANE_BASE_URL: octane.url,
          OCTANE_TIMEOUT_MS: String(BUDGET_MS[budget]),
        },
      });
    const left = await startGateway('left', beside?.gateways.left);
    return new Side(octane, { left, spent: await startGateway('spent', left) });
  }

  async control(method: string, path: string, body?: string): Promise<unknown> {
    const response = await fetch(`${this.octane.controlUrl}${path}`, {
      method,
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    assert.ok(response.ok);
    return text === '' ? undefined : JSON.parse(text);
  }

  async hits(): Promise<number> {
    return ((await this.control('GET', '/requests')) as unknown[]).length;
  }

  async stop(): Promise<void> {
    await this.gateways.spent.stop();
    await this.gateways.left.stop();
    await this.octane.close();
  }
}

describe('the fault matrix', () => {
  const observed: string[][] = [];
  /** A request with a key and one without go beside each other. */
  let keyed: Side;
  let keyless: Side;
  beforeAll(async () => {
    keyed = await Side.start();
    keyless = await Side.start(keyed);
  });
  afterAll(async () => {
    await keyless.stop();
    await keyed.stop();
  });

  describe.each(MATRIX.map(([fault, expected]) => ({ fault: JSON.stringify(fault), expected })))(
    '$fault',
    ({ fault, expected }) => {
      const budget = /timeout/.test(expected['direct debit'].answer) ? 'spent' : 'left';

      const attempt = async (
        side: Side,
        operation: Operation,
        headers: Record<string, string>,
      ): Promise<string[]> => {
        const gateway = side.gateways[budget];
        const send = (call: Partial<Call> = { headers }): Promise<Answer> =>
          operation === 'direct debit'
            ? gateway.setDirectDebit(undefined, call)
            : gateway.sendWelcomeEmail(call);
        await side.control('POST', '/reset');
        // Most calls succeed, so that no breaker opens.
        expect((await send({})).status).toBe(operation === 'direct debit' ? 200 : 204);
        await side.control('POST', '/reset');
        await side.control('PUT', '/fault', fault);
        const started = performance.now();
        const answer = await send();
        const tookTheBudget = performance.now() - started >= BUDGET_MS[budget];
        const sent = await side.hits();
        const record = (await journalRecords(`sqlite:${join(gateway.folder, 'gateway.db')}`)).find(
          ({ requestId }) => requestId === answer.headers['x-request-id'],
        );
        await side.control('DELETE', '/fault');
        // After a 401 nothing is sent for a second, which leaves the key free too.
        const again = await eventually(async () => {
          const tried = await send();
          return tried.json?.code === 'octane-credentials-rejected' ? undefined : tried;
        });
        const isReplay = again.headers['idempotency-replayed'] === 'true';
        const sentAgain = (await side.hits()) > sent;
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

      it.each(OPERATIONS)('to a %s with a key and without one', async (operation) => {
        const key = `"${createHash('sha256').update(fault).digest('hex')}"`;
        const [withKey, withoutKey] = await Promise.all([
          attempt(keyed, operation, { 'idempotency-key': key }),
          attempt(keyless, operation, {}),
        ]);
        expect(withKey).toEqual(rowOf(expected[operation]));
        expect(withoutKey).toEqual(rowOf({ ...expected[operation], again: 'sent again' }));
        observed.push([`\`${fault}\``, operation, ...withKey]);
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
