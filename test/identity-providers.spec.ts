import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
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

let gateway: TestGateway;
const key = await signingKey('KID');

beforeAll(async () => {
  gateway = await TestGateway.start({
    files: { 'key.pem': await publicPem(key) },
    gatewayFile: (file) => {
      for (const { issuers, callers = [] } of SECTIONS.flatMap(({ files }) => files)) {
        // The key sets of the providers are out of reach.
        file['issuers'].push(
          ...issuers.map(({ jwksUri: _, ...issuer }) => ({ ...issuer, publicKeyFile: 'key.pem' })),
        );
        file['callers'].push(...callers);
      }
    },
  });
});
afterAll(() => gateway.stop());
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
