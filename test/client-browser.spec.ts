import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type * as OctaneBff from '../clients/typescript/src/index.ts';
import { startBrowser } from './support/browser.ts';
import { SandboxGateway } from './support/sandbox-gateway.ts';

declare const octaneBff: typeof OctaneBff;

/** What docs/guides/clients.md tells the operator of a proxy to answer, so that a page of another origin may call the gateway. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
  'access-control-expose-headers': 'x-request-id, retry-after, idempotency-replayed',
};

const PAGE = '<!doctype html><title>app</title>';

let gateway: SandboxGateway;
let proxy: Server;
let browser: Browser;
let script: string;
let token: string;
beforeAll(async () => {
  [gateway, browser, script, proxy] = await Promise.all([
    SandboxGateway.start(),
    startBrowser(),
    bundled(),
    corsProxy(),
  ]);
  token = await gateway.token();
});
afterAll(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await gateway?.stop();
});

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['clients/typescript/src/index.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'octaneBff',
  });
  return outputFiles[0]!.text;
}

/** Passes calls on to the gateway, and has the page of an app too. */
async function corsProxy(): Promise<Server> {
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const body = Buffer.concat(await request.toArray()).toString();
      const { authorization = '', 'idempotency-key': key = '' } = request.headers;
      const answer = await fetch(`${gateway.url}${request.url}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', 'idempotency-key': String(key) },
        body,
      });
      response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...CORS });
      response.end(await answer.text());
    };
    if (request.method === 'GET') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (request.method === 'OPTIONS') response.writeHead(204, CORS).end();
    else pass().catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

/** A page of the gateway's own origin, as a balancer in front of both would serve it. */
async function pageBesideTheGateway(): Promise<Page> {
  const page = await browser.newPage();
  await page.route(`${gateway.url}/app`, (route) => route.fulfill({ contentType: 'text/html', body: PAGE }));
  return withClient(page, gateway.url);
}

function pageElsewhere(): Promise<Page> {
  return browser.newPage().then((page) => withClient(page, `http://localhost:${portOf(proxy)}`));
}

async function withClient(page: Page, origin: string): Promise<Page> {
  await page.goto(`${origin}/app`);
  await page.addScriptTag({ content: script });
  return page;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Both operations, one of them again, and a refusal, as a page sees them. */
function useAll(page: Page, baseUrl: string): Promise<unknown> {
  return page.evaluate(
    async ({ baseUrl: url, accessToken }) => {
      const client = octaneBff.createClient({ baseUrl: url, token: () => accessToken });
      const set = await client.setDirectDebit('me', { directDebitType: 'OFF', ddNotificationFlag: 'N' });
      const sent = await client.sendWelcomeEmail('me');
      const again = await client.sendWelcomeEmail('me', sent);
      const refused = await client.sendWelcomeEmail('700124').catch((error: unknown) => error);
      return {
        directDebit: set.directDebit,
        replayed: [sent.replayed, again.replayed],
        refused: octaneBff.isOctaneBffError(refused) && [refused.code, refused.status],
      };
    },
    { baseUrl, accessToken: token },
  );
}

const ALL = {
  directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' },
  replayed: [false, true],
  refused: ['customer-not-permitted', 403],
};

describe('the TypeScript client in Chromium', () => {
  it('works on a page of the gateway’s own origin', async () => {
    const page = await pageBesideTheGateway();
    expect(await useAll(page, gateway.url)).toEqual(ALL);
    await page.close();
  });

  it('works across origins behind a proxy that allows them', async () => {
    const page = await pageElsewhere();
    expect(await useAll(page, `http://127.0.0.1:${portOf(proxy)}`)).toEqual(ALL);
    await page.close();
  });

  it('says that nothing can be reached where origins are not allowed', async () => {
    const page = await pageElsewhere();
    const code = await page.evaluate(
      async ({ baseUrl, accessToken }) => {
        const client = octaneBff.createClient({ baseUrl, token: () => accessToken, maxTries: 1 });
        const error = await client.sendWelcomeEmail('me').catch((thrown: unknown) => thrown);
        return octaneBff.isOctaneBffError(error) && error.code;
      },
      { baseUrl: gateway.url, accessToken: token },
    );
    expect(code).toBe('network-error');
    await page.close();
  });
});
