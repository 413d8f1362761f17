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

/**
 * What axe-core finds in the dialog that sends requests. It is Scalar's own, and no setting of Scalar mends it: buttons with the role
 * `none`, editors that lack a name or a stop for Tab, fields that lack a state, and a second `main` beside the page's.
 */
const BARRIERS_OF_SCALAR = new Set([
  'aria-allowed-role',
  'aria-input-field-name',
  'aria-prohibited-attr',
  'aria-required-attr',
  'aria-valid-attr-value',
  'landmark-no-duplicate-main',
  'landmark-unique',
  'presentation-role-conflict',
  'scrollable-region-focusable',
]);

const SET_DIRECT_DEBIT = 'direct-debit/POST/v1/customers/{custno}/direct-debit';
const SEND_WELCOME_EMAIL = 'welcome-email/POST/v1/customers/{custno}/send-welcome-email';

/** With DOCS_TOKEN_URL. */
let gateway: SandboxGateway;
/** Without. */
let plain: SandboxGateway;
let browser: Browser;
let page: Page;
/** Everything that the browser complained of: errors, what the page's policy refused, failed requests. */
const complaints: string[] = [];
/** The origins that the page asked for anything. */
const origins = new Set<string>();

beforeAll(async () => {
  [gateway, plain, browser] = await Promise.all([
    SandboxGateway.start(),
    SandboxGateway.start({ DOCS_TOKEN_URL: '' }),
    startBrowser(),
  ]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  // Less than a test may take, so that a page that does nothing says what was waited for.
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  page.on('console', (message) => {
    // Chromium says of each refusal that it was one.
    if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  // Of what a script tries and then does without, Chromium's console says nothing.
  await page.exposeFunction('complain', (complaint: string) => complaints.push(complaint));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', ({ effectiveDirective }) => complain('refused by ' + effectiveDirective));`,
  );
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await plain?.stop();
});

/** Opens the page anew, by a link to an operation. */
async function openAt(operation: string, { url } = plain): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${url}/docs#tag/${operation}`);
  await testRequest(operation).waitFor();
}

const expectShown = (target: Locator): Promise<void> => target.waitFor();

/** What opens the dialog that sends requests of an operation. */
function testRequest(operation: string): Locator {
  const path = operation.slice(operation.indexOf('/v1/'));
  return page.getByRole('button', { name: `Test Request (post ${path})` });
}

const dialog = (): Locator => page.getByRole('dialog', { name: 'API Client' });
const tokenField = (): Locator => dialog().getByRole('textbox', { name: 'Bearer Token' });

/** Presses Send, and waits until the dialog shows the answer. */
async function send(
  press = (): Promise<void> =>
    dialog()
      .getByRole('button', { name: /^Send post request/ })
      .click(),
): Promise<{ status: string; body: any; requestHeaders: Record<string, string> }> {
  const sent = page.waitForResponse((response) => response.request().method() === 'POST');
  await press();
  const response = await sent;
  const answer = dialog().getByRole('region', { name: 'Response' });
  const status = await answer.getByRole('link', { name: String(response.status()) }).textContent();
  const text = response.status() === 204 ? 'null' : await answer.getByRole('textbox').textContent();
  return { status: status!.trim(), body: JSON.parse(text!), requestHeaders: response.request().headers() };
}

describe('the page', () => {
  it('comes compressed or as it is, with a policy that lets nothing in from elsewhere', async () => {
    const ask = (encoding: string) =>
      fetch(`${gateway.url}/docs`, { headers: { 'accept-encoding': encoding } });
    const answer = await ask('br, gzip');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
    // What a stranger can make the gateway send is a matter of its size.
    expect(Number(answer.headers.get('content-length'))).toBeLessThan(1_500_000);
    const sha256 = "'sha256-[A-Za-z0-9+/]{43}='";
    expect(answer.headers.get('content-security-policy')).toMatch(
      new RegExp(
        `^default-src 'none'; script-src ${sha256} ${sha256}; style-src 'unsafe-inline'; ` +
          `connect-src 'self' ${gateway.sandbox.identityProvider.issuer}; ` +
          "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$",
      ),
    );
    const whole = await ask('gzip;q=0, identity');
    expect(whole.headers.get('content-encoding')).toBeNull();
    expect(await whole.text()).toBe(await answer.text());
  });

  it('asks for no token, and nobody but the gateway, without DOCS_TOKEN_URL', async () => {
    const answer = await fetch(`${plain.url}/docs`);
    expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self';");
    // The connection of an answer that is never read stays open.
    await answer.text();
    await openAt(SET_DIRECT_DEBIT);
    expect(origins).toEqual(new Set([plain.url]));
  });

  it('finds an operation by a word', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('welcome');
    await page.getByRole('option', { name: /^Operation:\s+Send the welcome email again/ }).click();
    await expectShown(testRequest(SEND_WELCOME_EMAIL));
    await page.waitForURL(({ hash }) => decodeURI(hash) === `#tag/${SEND_WELCOME_EMAIL}`);
  });

  it.each([
    ['Shell', `curl %s/v1/customers/me/direct-debit`],
    ['JavaScript', `fetch('%s/v1/customers/me/direct-debit'`],
    ['Swift', `URL(string: "%s/v1/customers/me/direct-debit")`],
    ['Kotlin', `.url("%s/v1/customers/me/direct-debit")`],
    ['Dart', `Uri.parse('%s/v1/customers/me/direct-debit')`],
  ])('shows how to call it in %s', async (language, line) => {
    await page.getByRole('tab', { name: language }).click();
    await expectShown(page.getByText(line.replace('%s', plain.url)));
  });
});

describe('a request from the page', () => {
  beforeAll(async () => {
    await openAt(SET_DIRECT_DEBIT);
    await testRequest(SET_DIRECT_DEBIT).click();
  });

  it('is refused without a token', async () => {
    expect(await send()).toMatchObject({
      status: '401 Unauthorized',
      body: { code: 'authentication-required' },
    });
  });

  it('sets a direct debit, with the token that was pasted and no key that was not', async () => {
    await tokenField().fill(await plain.token());
    const { status, body, requestHeaders } = await send();
    expect([status, body.directDebit.ddPaymentDay]).toEqual(['200 OK', '15']);
    expect(requestHeaders).not.toHaveProperty('idempotency-key');
    expect(await plain.control('GET', '/direct-debits')).toMatchObject([{ custno: '700123' }]);
  });

  it('leaves its token nowhere in the browser', async () => {
    const token = await plain.token();
    await tokenField().fill(token);
    expect((await send()).status).toBe('200 OK');
    expect(await page.context().cookies()).toEqual([]);
    expect(await stored()).not.toContain(token);
  });

  it('shows what is wrong with a body, field by field', async () => {
    await dialog()
      .getByRole('region', { name: /^Request/ })
      .locator('.cm-content')
      .fill('{"directDebit":{}}');
    const { status, body } = await send();
    expect(status).toMatch(/^422 /);
    expect(body.errors).toContainEqual(
      expect.objectContaining({ pointer: '#/directDebit/directDebitType', code: 'required' }),
    );
  });

  it('is made with the keyboard alone', async () => {
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
    await tabTo(testRequest(SET_DIRECT_DEBIT));
    await page.keyboard.press('Enter');
    await tabTo(tokenField());
    await page.keyboard.type('no token');
    expect((await send(() => page.keyboard.press('Control+Enter'))).body.code).toBe('invalid-token');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });

  it('has the sandbox’s token with DOCS_TOKEN_URL', async () => {
    await openAt(SEND_WELCOME_EMAIL, gateway);
    await testRequest(SEND_WELCOME_EMAIL).click();
    expect((await send()).status).toBe('204 No Content');
    expect(await gateway.control('GET', '/emails')).toMatchObject([{ custno: '700123' }]);
  });

  it('has the token of a user who logs in to the sandbox in a window of its own', async () => {
    const opened = page.waitForEvent('popup');
    await dialog().getByRole('button', { name: 'Authorize via login' }).click();
    const login = await opened;
    await login.getByRole('radio', { name: 'Eden, customer 800201' }).check();
    const [tokenAnswer] = await Promise.all([
      page.waitForResponse(`${gateway.sandbox.identityProvider.issuer}/token`),
      login.waitForEvent('close'),
      login.getByRole('button', { name: 'Log in', exact: true }).click(),
    ]);
    const { access_token: token, refresh_token: refreshToken } = await tokenAnswer.json();
    // It stands in the place of the sandbox’s.
    await dialog().getByRole('button', { name: 'Reset to default' }).waitFor();
    expect(await send()).toMatchObject({
      status: '204 No Content',
      requestHeaders: { authorization: `Bearer ${token}` },
    });
    expect(await gateway.control('GET', '/emails')).toMatchObject([
      { custno: '700123' },
      { custno: '800201' },
    ]);
    expect(await stored()).not.toContain(token);
    expect(await stored()).not.toContain(refreshToken);
    expect(origins).toEqual(new Set([plain.url, gateway.url, gateway.sandbox.identityProvider.issuer]));
  });
});

/** All that the browser keeps of the page, as JSON. */
async function stored(): Promise<string> {
  const { cookies, origins: storages } = await page.context().storageState({ indexedDB: true });
  return JSON.stringify([cookies, storages, await page.evaluate(() => JSON.stringify(sessionStorage))]);
}

/** Goes on with Tab until this is reached. */
async function tabTo(target: Locator): Promise<void> {
  const isReached = () => target.evaluate((element) => element.matches(':focus'));
  for (let stops = 0; !(await isReached()); stops += 1) {
    if (stops === 200) throw new Error(`Tab does not lead to ${String(target)}`);
    await page.keyboard.press('Tab');
  }
}

/** Names what axe-core finds for a barrier. */
async function barriers(): Promise<unknown[]> {
  // The page's policy lets no script in, the test's least of all.
  const client = await page.context().newCDPSession(page);
  const { result } = await client.send('Runtime.evaluate', { expression: axe.source });
  expect(result.subtype).not.toBe('error');
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run({ resultTypes: ['violations'] })`);
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

describe('anybody', () => {
  beforeAll(() => openAt(SET_DIRECT_DEBIT));

  it.each(['light', 'dark'] as const)('reads it in %s colours', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.locator(`body.${colorScheme}-mode`).waitFor();
    expect(await barriers()).toEqual([]);
  });

  it('meets in the dialog the barriers that are Scalar’s, and no other', async () => {
    await testRequest(SET_DIRECT_DEBIT).click();
    await send();
    const found = await barriers();
    expect(found.filter(([id]: any) => !BARRIERS_OF_SCALAR.has(id))).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('reads it on a phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await openAt(SET_DIRECT_DEBIT);
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    expect(await barriers()).toEqual([]);
  });
});

describe('the login page of the sandbox', () => {
  /** Where the browser was sent with the answer. */
  const answer = async (): Promise<URLSearchParams> => {
    await page.waitForURL((url) => url.pathname === '/callback');
    return new URL(page.url()).searchParams;
  };
  const openLogin = (changes: Record<string, string> = {}): Promise<unknown> => {
    const query = new URLSearchParams({
      client_id: 'mobile-app',
      response_type: 'code',
      redirect_uri: `${gateway.url}/callback`,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      scope: 'openid direct-debit:write',
      ...changes,
    });
    return page.goto(`${gateway.sandbox.identityProvider.issuer}/auth?${query.toString()}`);
  };

  it.each(['light', 'dark'] as const)('is for anybody, in %s colours', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await openLogin();
    expect(await barriers()).toEqual([]);
  });

  it('is used with the keyboard alone, and asks anew at the next login', async () => {
    await openLogin();
    await tabTo(page.getByRole('radio', { name: 'Alex, customer 700123' }));
    await page.keyboard.press('ArrowDown');
    expect(await page.getByRole('radio', { name: 'Billie, customer 700124 and 700125' }).isChecked()).toBe(
      true,
    );
    await tabTo(page.getByRole('button', { name: 'Log in', exact: true }));
    await page.keyboard.press('Enter');
    expect((await answer()).get('code')).toEqual(expect.any(String));
    await openLogin({ acr_values: 'strong', max_age: '3600' });
    await page.getByRole('button', { name: 'Log in with a second factor' }).click();
    expect((await answer()).get('code')).toEqual(expect.any(String));
  });

  it('can be left', async () => {
    await openLogin();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect((await answer()).get('error')).toBe('access_denied');
  });
});

it('all that gives the browser nothing to complain of', () => {
  expect(complaints).toEqual([]);
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
      const set = await client.setDirectDebit('me', {
        directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' },
      });
      const sent = await client.sendWelcomeEmail('me');
      const again = await client.sendWelcomeEmail('me', sent);
      const refused = await client.sendWelcomeEmail('700124').catch((error: unknown) => error);
      return {
        directDebit: set.answer.directDebit,
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
