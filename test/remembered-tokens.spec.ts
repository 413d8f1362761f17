import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { JwtStrategy } from '../src/auth/jwt.strategy.ts';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { expectProblem } from './support/expect-problem.ts';
import { gatewayFileOf, TestGateway } from './support/gateway.ts';
import { publicJwk, signingKey } from './support/token-issuer.ts';

const MINUTE_MS = 60_000;

let gateway: TestGateway;
let live: LiveGatewayConfig;
/** How often a signature was found good. */
let verified: jest.SpiedFunction<JwtStrategy['validate']>;

beforeAll(async () => {
  gateway = await TestGateway.start();
  live = gateway.application.get(LiveGatewayConfig);
  live.onApplicationShutdown();
  verified = jest.spyOn(gateway.application.get(JwtStrategy), 'validate');
});
afterAll(() => gateway.stop());
afterEach(() => jest.restoreAllMocks());
beforeEach(() => {
  gateway.octane.reset();
  verified = jest.spyOn(gateway.application.get(JwtStrategy), 'validate');
});

const send = (token: string): ReturnType<TestGateway['sendWelcomeEmail']> =>
  gateway.sendWelcomeEmail({ token });

/** A token of which the gateway remembers that its signature is good. */
async function rememberedToken(): Promise<string> {
  const token = await gateway.issuer.token();
  expect((await send(token)).status).toBe(204);
  verified.mockClear();
  expect((await send(token)).status).toBe(204);
  expect(verified).not.toHaveBeenCalled();
  gateway.octane.reset();
  return token;
}

async function expectRefused(token: string): Promise<void> {
  expectProblem(await send(token), 401, 'invalid-token');
  expect(gateway.octane.hits).toHaveLength(0);
}

function reload(change: (file: Record<string, any>) => void): void {
  const file = gatewayFileOf(gateway.issuer);
  change(file);
  writeFileSync(join(gateway.folder, 'gateway.yaml'), stringify(file));
  live.look();
  live.look();
}

describe('a token that is remembered', () => {
  it('is refused once it has expired', async () => {
    const token = await rememberedToken();
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 11 * MINUTE_MS);
    await expectRefused(token);
    clock.mockReturnValue(now - 2 * MINUTE_MS);
    await expectRefused(token);
  });

  it('is no help to another signature', async () => {
    const token = await rememberedToken();
    const signature = token.slice(token.lastIndexOf('.') + 1);
    const other = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    await expectRefused(token.replace(signature, other));
  });

  it('is refused once its key is gone from the key set', async () => {
    const token = await rememberedToken();
    const { keySet } = gateway.issuer;
    gateway.issuer.keySet = [await publicJwk(await signingKey('another'))];
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 10 * MINUTE_MS);
    await expectRefused(token);
    // A new key of the same name is another key.
    gateway.issuer.keySet = [await publicJwk(await signingKey('key-1'))];
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 20 * MINUTE_MS);
    await expectRefused(token);
    gateway.issuer.keySet = keySet;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 30 * MINUTE_MS);
    expect((await send(token)).status).toBe(204);
  });

  it('is refused once the gateway file does not take it any more', async () => {
    const token = await rememberedToken();
    reload((file) => (file['issuers'][0].audience = 'another'));
    await expectRefused(token);
    reload((file) => (file['issuers'][0].algorithms = ['ES256']));
    await expectRefused(token);
    reload((file) => {
      file['issuers'].shift();
      file['callers'] = [];
      file['issuers'].push({
        issuer: 'https://other.example.com/',
        audience: 'a',
        jwksUri: gateway.issuer.jwksUri,
      });
    });
    await expectRefused(token);
    reload(() => undefined);
    expect((await send(token)).status).toBe(204);
  });

  it('belongs to the caller that it belongs to now', async () => {
    const token = await rememberedToken();
    reload((file) => (file['callers'][0].groupno = '2002'));
    expect((await send(token)).status).toBe(204);
    expect(gateway.octane.hits[0]?.path).toContain('/group/2002/');
    gateway.octane.reset();
    reload((file) => file['callers'].shift());
    expectProblem(await send(token), 403, 'caller-not-mapped');
    expect(gateway.octane.hits).toHaveLength(0);
    reload(() => undefined);
  });
});
