import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { CertificateAuthority } from './support/certificates.ts';
import type { Identity } from './support/certificates.ts';
import { ConnectProxy } from './support/connect-proxy.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';

/** Lends its identity provider: to make keys is most of what a gateway's start costs here. */
let first: TestGateway;
let authority: CertificateAuthority;
beforeAll(async () => {
  [first, authority] = await Promise.all([TestGateway.start(), CertificateAuthority.create()]);
});
afterAll(() => first.stop());

const running: { stop: () => Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).toReversed()) await part.stop();
});

async function startGateway(
  environment: Record<string, string>,
  files: Record<string, string> = {},
): Promise<TestGateway> {
  const gateway = await TestGateway.start({ beside: first, environment, files });
  running.push(gateway);
  return gateway;
}

describe('through a proxy', () => {
  let proxy: ConnectProxy;
  beforeEach(async () => {
    proxy = await ConnectProxy.start();
    running.push(proxy);
    first.octane.reset();
  });
  const authorities = (): string[] => [...new Set(proxy.tunnels.map(({ authority: asked }) => asked))];
  const octaneAuthority = (): string => new URL(first.octane.baseUrl).host;
  const issuerAuthority = (): string => new URL(first.issuer.issuer).host;

  it('Octane and the issuers are reached, with the credentials that stand nowhere else', async () => {
    const gateway = await startGateway({
      HTTPS_PROXY: proxy.urlWith('proxy-user:p%40ss%3Acanary'),
    });
    expect((await gateway.setDirectDebit()).status).toBe(200);
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect(authorities().toSorted()).toEqual([issuerAuthority(), octaneAuthority()].toSorted());
    const basic = `Basic ${Buffer.from('proxy-user:p@ss:canary').toString('base64')}`;
    expect(new Set(proxy.tunnels.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
    expect(first.octane.hits).toHaveLength(2);
    expect(JSON.stringify(first.octane.hits)).not.toMatch(/proxy|canary/);
    expect(gateway.log.join('')).not.toMatch(/canary|proxy-user/);
  });

  it.each([
    ['10.0.0.0/8, 127.0.0.0/8', []],
    ['OCTANE', ['issuer']],
    ['example.com,10.0.0.0/8,127.0.0.1:1', ['issuer', 'octane']],
  ] as const)('all is reached but what NO_PROXY names: %s', async (noProxy, proxied) => {
    const gateway = await startGateway({
      HTTPS_PROXY: proxy.urlWith(),
      NO_PROXY: noProxy.replace('OCTANE', octaneAuthority()),
    });
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    const named = { issuer: issuerAuthority(), octane: octaneAuthority() };
    expect(authorities()).toEqual(proxied.map((name) => named[name]));
  });

  it.each([
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    'HTTP/1.1 502 Bad Gateway\r\n\r\n',
    'SSH-2.0-x\r\n',
  ])('nothing is sent when it answers %j', async (refusal) => {
    const gateway = await startGateway({ HTTPS_PROXY: proxy.urlWith(), NO_PROXY: issuerAuthority() });
    proxy.refusal = refusal;
    expectProblem(await gateway.sendWelcomeEmail(), 502, 'octane-unreachable', {
      outcome: 'not-sent',
      retryable: true,
    });
    expect(first.octane.hits).toHaveLength(0);
    proxy.refusal = undefined;
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
  });
});

describe('TLS to Octane', () => {
  let server: Server;
  let client: Identity;
  /** Who called, by the name in the certificate; null without one. */
  let callers: (string | null)[];
  /** What comes before each answer. */
  let interim: string;
  beforeEach(async () => {
    callers = [];
    interim = '';
    client = await authority.issue('gateway');
    const identity = await authority.issue('octane');
    server = createServer(
      { ...identity, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        callers.push((subject?.CN as string | undefined) ?? null);
        request.socket.write(interim);
        response.writeHead(204).end();
      },
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    running.push({
      stop: () => {
        server.closeAllConnections();
        return new Promise((closed) => server.close(closed));
      },
    });
  });
  const baseUrl = (): string => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it('is not spoken with an authority that nobody named', async () => {
    const gateway = await startGateway({ OCTANE_BASE_URL: baseUrl() });
    expectProblem(await gateway.sendWelcomeEmail(), 502, 'octane-unreachable', {
      outcome: 'not-sent',
      retryable: true,
    });
    expect(callers).toEqual([]);
  });

  it.each([false, true])(
    'trusts OCTANE_CA_FILE and shows the client certificate (proxy: %s)',
    async (isProxied) => {
      const gateway = await gatewayWithCertificate(isProxied);
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      expect(callers).toEqual(['gateway']);
    },
  );

  it('is version 1.2 at least', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    server.setSecureContext({ ...(await authority.issue('octane')), ...old });
    const gateway = await gatewayWithCertificate(false);
    expectProblem(await gateway.sendWelcomeEmail(), 502, 'octane-unreachable', {
      outcome: 'not-sent',
      retryable: true,
    });
    expect(callers).toEqual([]);
    // Who takes less is served.
    const { port } = server.address() as AddressInfo;
    const careless = connect({ port, host: '127.0.0.1', ca: authority.cert, ...old });
    await once(careless, 'secureConnect');
    expect(careless.getProtocol()).toBe('TLSv1.1');
    careless.destroy();
  });

  it('passes over interim answers, in a tunnel too', async () => {
    const gateway = await gatewayWithCertificate(true);
    interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    // The second one is on the connection of the first.
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect(callers).toEqual(['gateway', 'gateway']);
  });

  it('takes over a new certificate while it runs, and keeps the old one while the new one is bad', async () => {
    const gateway = await gatewayWithCertificate(false);
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    const { cert, key } = await authority.issue('renewed');
    await replace('client.pem', 'no certificate');
    await eventually(() => gateway.log.some((line) => line.includes('OCTANE_CLIENT_CERT_FILE')));
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    await replace('client.pem', cert);
    await replace('client.key', key);
    await eventually(async () => {
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      return callers.includes('renewed');
    });
    expect(callers.slice(0, 2)).toEqual(['gateway', 'gateway']);
    expect(gateway.log.join('')).not.toMatch(/BEGIN|no certificate"/);
  });

  let folder: string;
  async function replace(name: string, text: string): Promise<void> {
    await writeFile(join(folder, 'new'), text);
    await rename(join(folder, 'new'), join(folder, name));
  }

  async function gatewayWithCertificate(isProxied: boolean): Promise<TestGateway> {
    folder = first.folder;
    await Promise.all([
      writeFile(join(folder, 'ca.pem'), authority.cert),
      writeFile(join(folder, 'client.pem'), client.cert),
      writeFile(join(folder, 'client.key'), client.key),
    ]);
    const proxy = await ConnectProxy.start();
    running.push(proxy);
    return startGateway({
      OCTANE_BASE_URL: baseUrl(),
      OCTANE_CA_FILE: join(folder, 'ca.pem'),
      OCTANE_CLIENT_CERT_FILE: join(folder, 'client.pem'),
      OCTANE_CLIENT_KEY_FILE: join(folder, 'client.key'),
      ...(isProxied && { HTTPS_PROXY: proxy.urlWith() }),
    });
  }
});
