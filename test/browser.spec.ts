import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import { build } from 'esbuild';
import type { Browser, Locator, Page } from 'playwright-core';
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
/** Without DOCS_TOKEN_URL. */
let plain: SandboxGateway;
let browser: Browser;
let page: Page;
/** Everything that the browser complained of: errors, refused scripts and styles, failed requests. */
const complaints: string[] = [];

const urlOf = (path: string): string => `${gateway.url}${path}`;

beforeAll(async () => {
  [gateway, plain, browser] = await Promise.all([
    SandboxGateway.start(),
    SandboxGateway.start({ DOCS_TOKEN_URL: '' }),
    startBrowser(),
  ]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // Less than a test may take, so that a page that does nothing says what was waited for.
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('console', (message) => {
    // Chromium says of each refusal that it was one.
    if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  await page.goto(urlOf('/docs'));
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await plain?.stop();
});

const operation = (name: string): Locator => page.getByRole('region', { name });
const setDirectDebit = (): Locator => operation("Set a customer's direct debit");
const sendWelcomeEmail = (): Locator => operation('Send the welcome email again');

/** Presses the operation's button and waits for its answer. */
async function send(region: Locator): Promise<Locator> {
  const answer = region.getByLabel('Answer');
  const sent = page.waitForResponse((response) => response.request().method() === 'POST');
  await region.getByRole('button', { name: 'Send' }).click();
  await sent;
  await region.getByRole('button', { name: 'Send' }).and(page.locator(':enabled')).waitFor();
  return answer;
}

describe('the page', () => {
  it('is one answer with a policy that lets nothing in from elsewhere', async () => {
    const answer = await fetch(urlOf('/docs'));
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; /);
    expect(policy).toContain(`connect-src 'self' ${gateway.sandbox.identityProvider.issuer};`);
    expect(policy).not.toContain('unsafe');
    expect(await answer.text()).not.toMatch(/(src|href)="https?:/);
  });

  it('describes every operation, field and problem of the document', async () => {
    const document = (await (await fetch(urlOf('/openapi.json'))).json()) as any;
    const text = await page.content();
    const { schemas } = document.components;
    for (const name of [
      ...Object.keys(document.paths),
      ...Object.keys(schemas.DirectDebitOrder.properties),
      ...schemas.ProblemCode.enum,
    ]) {
      expect(text).toContain(`<code>${name}</code>`);
    }
  });
});

describe('the try-it', () => {
  it('sends nothing but what an app would: without a token, 401', async () => {
    const answer = await send(setDirectDebit());
    expect(await answer.textContent()).toContain('authentication-required');
  });

  it('gets a token by one click', async () => {
    await page.getByRole('button', { name: 'Get a sandbox token' }).click();
    await page.getByText('customer 700123').waitFor();
    expect(await page.getByLabel('Access token').inputValue()).toMatch(/^eyJ/);
    expect(await page.locator('#token-state').textContent()).toContain('Client selfcare-app');
  });

  it('sets a direct debit', async () => {
    await setDirectDebit().getByLabel('Example').selectOption('Twelve payments, one a fortnight');
    const answer = await send(setDirectDebit());
    expect(await answer.textContent()).toMatch(/200 OK.*"ddSpecialEndType": "EA"/s);
  });

  it('shows the same as a command, without the token', async () => {
    const command = await setDirectDebit().locator('.command').textContent();
    expect(command).toContain(`curl -i -X POST '${urlOf('/v1/customers/me/direct-debit')}'`);
    expect(command).toContain('-H "Authorization: Bearer $TOKEN"');
    expect(command).toContain('"ddSpecialPaymentPeriod": "fn"');
    expect(command).not.toContain('eyJ');
  });

  it('sends a welcome email once for a key', async () => {
    await sendWelcomeEmail().getByRole('button', { name: 'New key' }).click();
    const first = await send(sendWelcomeEmail());
    expect(await first.textContent()).toMatch(/204.*x-request-id/s);
    const second = await send(sendWelcomeEmail());
    expect(await second.textContent()).toContain('idempotency-replayed: true');
    expect(await gateway.control('GET', '/emails')).toMatchObject([{ custno: '700123' }]);
  });

  it('shows what is wrong with a body, field by field', async () => {
    await setDirectDebit().getByLabel('Example').selectOption('A body that is refused');
    const answer = await send(setDirectDebit());
    expect(await answer.locator('.status').textContent()).toMatch(/^422 /);
    const errors = await answer.locator('.errors li').allTextContents();
    expect(errors).toContainEqual('#/directDebit/ddNotificationFlag Send Y or N. (enum)');
    expect(errors).toContainEqual(expect.stringContaining('(date_order)'));
  });
});

describe('anybody', () => {
  it('finds nothing that axe-core knows for a barrier, in light and dark, before and after an answer', async () => {
    // The page's policy lets no script in, the test's least of all.
    const client = await page.context().newCDPSession(page);
    const { result } = await client.send('Runtime.evaluate', { expression: axe.source });
    expect(result.subtype).not.toBe('error');
    const findIn = async (colorScheme: 'light' | 'dark', options: axe.RunOptions): Promise<unknown> => {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(${JSON.stringify(options)})`);
      return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    };
    const resultTypes: axe.resultGroups[] = ['violations'];
    expect(await findIn('light', { resultTypes })).toEqual([]);
    expect(await findIn('dark', { resultTypes, runOnly: ['color-contrast'] })).toEqual([]);
  });

  it('gets everywhere with the keyboard, in the order of the page, and sees where', async () => {
    await page.goto(urlOf('/docs'));
    const stops: string[] = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate<{ name: string; outlineStyle: string } | null>(`(() => {
        const { activeElement: active } = document;
        if (active === document.body) return null;
        return { name: active.id || active.textContent, outlineStyle: getComputedStyle(active).outlineStyle };
      })()`);
      if (!stop) break;
      expect(stop).toMatchObject({ outlineStyle: 'solid' });
      stops.push(stop.name);
    }
    expect(stops[0]).toBe('Skip to the content');
    const inOrder = ['token', 'get-token', 'setDirectDebit-custno', 'setDirectDebit-body', 'Send'];
    expect(stops.filter((stop) => inOrder.includes(stop))).toEqual([...inOrder, 'Send']);
  });

  it('reads it on a phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const overflow = await page.evaluate(`(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      return document.documentElement.scrollWidth - document.documentElement.clientWidth;
    })()`);
    expect(overflow).toBe(0);
  });
});

it('all that gives the browser nothing to complain of', () => {
  expect(complaints).toEqual([]);
});

describe('without DOCS_TOKEN_URL', () => {
  it('the page offers no token', async () => {
    const answer = await fetch(`${plain.url}/docs`);
    const text = await answer.text();
    expect(text).not.toContain('id="get-token"');
    expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self';");
  });
});

let proxy: Server;
let script: string;
let token: string;

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
      const answer = await fetch(`${plain.url}${request.url}`, {
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
  const tab = await browser.newPage();
  await tab.route(`${plain.url}/app`, (route) => route.fulfill({ contentType: 'text/html', body: PAGE }));
  return withClient(tab, plain.url);
}

function pageElsewhere(): Promise<Page> {
  return browser.newPage().then((tab) => withClient(tab, `http://localhost:${portOf(proxy)}`));
}

async function withClient(tab: Page, origin: string): Promise<Page> {
  await tab.goto(`${origin}/app`);
  await tab.addScriptTag({ content: script });
  return tab;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Both operations, one of them again, and a refusal, as a page sees them. */
function useAll(tab: Page, baseUrl: string): Promise<unknown> {
  return tab.evaluate(
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
  beforeAll(async () => {
    [script, proxy, token] = await Promise.all([bundled(), corsProxy(), plain.token()]);
  });
  afterAll(() => {
    proxy?.closeAllConnections();
    proxy?.close();
  });

  it('works on a page of the gateway’s own origin', async () => {
    const tab = await pageBesideTheGateway();
    expect(await useAll(tab, plain.url)).toEqual(ALL);
    await tab.close();
  });

  it('works across origins behind a proxy that allows them', async () => {
    const tab = await pageElsewhere();
    expect(await useAll(tab, `http://127.0.0.1:${portOf(proxy)}`)).toEqual(ALL);
    await tab.close();
  });

  it('says that nothing can be reached where origins are not allowed', async () => {
    const tab = await pageElsewhere();
    const code = await tab.evaluate(
      async ({ baseUrl, accessToken }) => {
        const client = octaneBff.createClient({ baseUrl, token: () => accessToken, maxTries: 1 });
        const error = await client.sendWelcomeEmail('me').catch((thrown: unknown) => thrown);
        return octaneBff.isOctaneBffError(error) && error.code;
      },
      { baseUrl: plain.url, accessToken: token },
    );
    expect(code).toBe('network-error');
    await tab.close();
  });
});
