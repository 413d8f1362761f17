import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { startIdentityProvider } from '../sandbox/identity-provider.ts';
import type { IdentityProvider } from '../sandbox/identity-provider.ts';
import { authorize, logIn } from '../sandbox/log-in.ts';
import { fetchToken } from '../sandbox/request-token.ts';
import { tokenExchange } from '../sandbox/token-exchange.ts';
import { usualIssuer } from '../sandbox/usual-ports.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { publicPem, signingKey } from './support/token-issuer.ts';

interface Token {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}
interface Section {
  readonly provider: string;
  /** What the page tells the operator to write into the gateway file. */
  readonly files: {
    readonly issuers: Record<string, unknown>[];
    readonly callers?: Record<string, unknown>[];
  }[];
  readonly tokens: Token[];
}

/** The sections of the page that show a token. */
const SECTIONS: Section[] = readFileSync('docs/identity-providers.md', 'utf8')
  .split(/^## /m)
  .map((text) => ({
    provider: text.slice(0, text.indexOf('\n')),
    files: blocks(text, 'yaml').map((block) => parse(block) as Section['files'][number]),
    tokens: blocks(text, 'json').map((block) => JSON.parse(block) as Token),
  }))
  .filter(({ tokens }) => tokens.length > 0);

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, block = '']) => block,
  );
}

let sandbox: IdentityProvider;
let gateway: TestGateway;
const key = await signingKey('KID');

beforeAll(async () => {
  sandbox = await startIdentityProvider({ port: 0 });
  const ofSandbox = parse(
    readFileSync('config/gateway.yaml', 'utf8').replaceAll(usualIssuer, sandbox.issuer),
  ) as Section['files'][number];
  gateway = await TestGateway.start({
    files: {
      'key.pem': await publicPem(key),
      'operations.yaml': `operations:
  - name: welcome-email
  - name: direct-debit
    requireAcr: [strong]
    maxAuthAgeSeconds: 300
`,
    },
    gatewayFile: (file) => {
      for (const { issuers, callers = [] } of SECTIONS.flatMap(({ files }) => files)) {
        // The key sets of the providers are out of reach.
        file['issuers'].push(
          ...issuers.map(({ jwksUri: _, ...issuer }) => ({ ...issuer, publicKeyFile: 'key.pem' })),
        );
        file['callers'].push(...callers);
      }
      file['issuers'].push(...ofSandbox.issuers);
      file['callers'].push(...(ofSandbox.callers ?? []));
    },
  });
});
afterAll(() => Promise.all([gateway.stop(), sandbox.close()]));
beforeEach(() => gateway.octane.reset());

it('the page shows a token of each provider', () => {
  expect(SECTIONS.map(({ provider }) => provider)).toEqual([
    'Auth0',
    'Amazon Cognito',
    'Microsoft Entra ID',
    'Microsoft Entra External ID',
    'Okta',
    'Firebase',
    'Keycloak',
  ]);
});

describe.each(SECTIONS)('a token of $provider', ({ tokens }) => {
  /** The token as the provider makes it, but for its times and its signature. */
  const signed = ({ header, claims }: Token): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 600, nbf: claims['nbf'] === undefined ? undefined : now };
    const own = { aud: undefined, client_id: undefined, custno: undefined, scope: undefined };
    return gateway.issuer.token({
      key,
      header: { typ: undefined, ...header },
      claims: { ...own, ...claims, ...times },
    });
  };

  it.each(tokens)('is accepted for its customer and for no other', async (token) => {
    const bearer = await signed(token);
    const sent = await gateway.sendWelcomeEmail({
      token: bearer,
      path: '/v1/customers/700123/send-welcome-email',
    });
    expect({ status: sent.status, code: sent.json?.code }).toEqual({ status: 204 });
    expect(gateway.octane.hits.map(({ path }) => path)).toEqual([
      '/tiab/api/v1/group/1001/customer/700123/send-welcome-email',
    ]);
    const refused = await gateway.sendWelcomeEmail({
      token: bearer,
      path: '/v1/customers/700999/send-welcome-email',
    });
    expectProblem(refused, 403, 'customer-not-permitted');
  });
});

describe('the sandbox’s provider', () => {
  const tokenOf = async (user: string): Promise<string> =>
    (await logIn({ issuer: sandbox.issuer, user })).accessToken;

  async function exchanged(user: string, actor?: string): Promise<string> {
    const type = 'urn:ietf:params:oauth:token-type:access_token';
    const { accessToken } = await fetchToken({
      issuer: sandbox.issuer,
      credentials: 'portal-backend:sandbox-only-portal-backend',
      form: new URLSearchParams({
        grant_type: tokenExchange,
        subject_token: await tokenOf(user),
        subject_token_type: type,
        ...(actor !== undefined && { actor_token: await tokenOf(actor), actor_token_type: type }),
      }),
    });
    return accessToken;
  }

  const emailTo = (custno: string, token: string) =>
    gateway.sendWelcomeEmail({ token, path: `/v1/customers/${custno}/send-welcome-email` });

  it.each([
    ['alex', 'me', '/group/1001/customer/700123/'],
    ['billie', '700125', '/group/1001/customer/700125/'],
    ['eden', 'me', '/group/2002/customer/800201/'],
  ])('lets %s do things for %s, in the group of the brand', async (user, custno, path) => {
    expect((await emailTo(custno, await tokenOf(user))).status).toBe(204);
    expect(gateway.octane.hits.map((hit) => hit.path)).toEqual([expect.stringContaining(path)]);
  });

  it.each([
    ['billie', 'me', 'customer-not-permitted'],
    ['alex', '700124', 'customer-not-permitted'],
    ['eden', '700123', 'customer-not-permitted'],
    ['robin', 'me', 'caller-not-mapped'],
  ])('does not let %s do things for %s', async (user, custno, code) => {
    expectProblem(await emailTo(custno, await tokenOf(user)), 403, code);
    expect(gateway.octane.hits).toEqual([]);
  });

  it.each([
    ['the portal', undefined, 'portal-backend'],
    ['a person who works with it', 'robin', 'robin'],
  ])('lets %s act for a user, and journal and audit line say so', async (_case, by, actor) => {
    const { status, headers } = await emailTo('me', await exchanged('alex', by));
    expect(status).toBe(204);
    const requestId = String(headers['x-request-id']);
    const [record] = await journalRecords(`sqlite:${gateway.folder}/gateway.db`);
    expect(record).toMatchObject({
      client: 'portal-backend',
      subject: 'alex',
      actor,
      custno: '700123',
      requestId,
    });
    const line = await eventually(() => gateway.log.find((text) => text.includes(requestId)));
    expect(JSON.parse(line)).toMatchObject({ audit: true, client: 'portal-backend', subject: 'alex', actor });
  });

  it('logs a user in as strongly as the gateway’s challenge asks for', async () => {
    const directDebit = { directDebitType: 'OFF', ddNotificationFlag: 'N' };
    const set = (token: string) => gateway.setDirectDebit(directDebit, { token });
    const refused = await set(await tokenOf('alex'));
    expectProblem(refused, 401, 'insufficient-user-authentication');
    const challenge = String(refused.headers['www-authenticate']);
    const [, acrValues = ''] = /acr_values="([^"]+)"/.exec(challenge) ?? [];
    const [, maxAge = ''] = /max_age="?(\d+)"?/.exec(challenge) ?? [];
    const app = { client_id: 'mobile-app', redirect_uri: 'http://127.0.0.1/callback' };
    const verifier = 'v'.repeat(43);
    const query = new URLSearchParams({
      ...app,
      response_type: 'code',
      scope: 'openid direct-debit:write',
      acr_values: acrValues,
      max_age: maxAge,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const code = (await authorize(sandbox.issuer, query, { user: 'alex', acr: 'strong' })).get('code') ?? '';
    const form = { ...app, grant_type: 'authorization_code', code, code_verifier: verifier };
    const { accessToken } = await fetchToken({ issuer: sandbox.issuer, form: new URLSearchParams(form) });
    expect((await set(accessToken)).status).toBe(200);
  });

  it('lets nobody who acts for a user do things for another customer', async () => {
    expectProblem(await emailTo('700124', await exchanged('alex')), 403, 'customer-not-permitted');
    expect(gateway.octane.hits).toEqual([]);
  });
});
