import { PROBLEMS } from '../src/problems/catalogue.ts';
import { expectAnswerHeaders, expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';

/** What apps are promised. */
const CODES: Readonly<Record<string, number>> = {
  'malformed-json': 400,
  'invalid-request': 400,
  'authentication-required': 401,
  'invalid-token': 401,
  'invalid-dpop-proof': 401,
  'insufficient-user-authentication': 401,
  'caller-not-mapped': 403,
  'insufficient-scope': 403,
  'customer-not-permitted': 403,
  'access-blocked': 403,
  'octane-access-denied': 403,
  'not-found': 404,
  'customer-not-found': 404,
  'resource-not-found': 404,
  'method-not-allowed': 405,
  'request-in-progress': 409,
  'outcome-unknown': 409,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'validation-failed': 422,
  'idempotency-key-required': 400,
  'idempotency-key-reused': 422,
  'octane-rejected': 422,
  'rate-limited': 429,
  'headers-too-large': 431,
  'internal-error': 500,
  'octane-credentials-rejected': 502,
  'octane-error': 502,
  'octane-contract-violation': 502,
  'octane-unreachable': 502,
  overloaded: 503,
  'octane-unavailable': 503,
  'keys-unavailable': 503,
  'directory-unavailable': 503,
  'journal-unavailable': 503,
  'octane-timeout': 504,
};

const codes = Object.keys(PROBLEMS);
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ environment: { PUBLIC_URL: 'https://api.example.com/gateway/' } });
});
afterAll(() => gateway.stop());

const get = (path: string, accept?: string): Promise<Answer> =>
  gateway.call({ method: 'GET', path, headers: accept === undefined ? {} : { accept } });

describe('the problems', () => {
  it('are those that apps are promised, with their statuses', () => {
    const built = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
    expect(Object.fromEntries(built)).toEqual(CODES);
  });

  it('that an app may send again later say when', () => {
    const unavailable = Object.values(PROBLEMS).filter(({ status }) => status === 503);
    expect(unavailable).toEqual(
      unavailable.map(() => expect.objectContaining({ retryAfterSeconds: expect.any(Number) })),
    );
  });

  it('are listed for programs', async () => {
    const answer = await get('/problems');
    expect(answer.status).toBe(200);
    expect(answer.json.problems.map(({ code }: { code: string }) => code)).toEqual(codes);
    expectAnswerHeaders(answer);
  });

  it('are listed for people, each with a link to its page', async () => {
    const { status, headers, text } = await get('/problems', BROWSER);
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
    });
    expect([...text.matchAll(/href="problems\/([a-z-]+)"/g)].map(([, code]) => code)).toEqual(codes);
  });

  it.each(codes)('%s has a page for programs and one for people', async (code) => {
    const json = await get(`/problems/${code}`);
    expect({ status: json.status, body: json.json }).toEqual({
      status: 200,
      body: {
        code,
        status: CODES[code],
        title: expect.stringMatching(/^[A-Z]/),
        meaning: expect.stringMatching(/^[A-Z].+\.$/),
        action: expect.stringMatching(/^[A-Z].+\.$/),
      },
    });
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(json.headers['vary']).toBe('accept');
    expectAnswerHeaders(json);

    const html = await get(`/problems/${code}`, BROWSER);
    expect({ status: html.status, type: html.headers['content-type'], vary: html.headers.vary }).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
      vary: 'accept',
    });
    // What `default-src` does not cover: a base, a form, and a page around this one.
    for (const directive of ['default-src', 'base-uri', 'form-action', 'frame-ancestors'])
      expect(html.headers['content-security-policy']).toContain(`${directive} 'none'`);
    expect(html.headers['referrer-policy']).toBe('no-referrer');
    expect(html.text).toMatch(/^<!doctype html>/);
    for (const words of [code, json.json.title, String(json.json.status)]) expect(html.text).toContain(words);
    expectAnswerHeaders(html);
  });

  it.each(['nothing', 'NOT-FOUND', 'toString', '__proto__', 'constructor', '%3Cscript%3E', 'not-found.html'])(
    '%s has no page',
    async (code) => {
      for (const accept of ['application/json', BROWSER]) {
        const answer = await get(`/problems/${code}`, accept);
        expect(answer.status).toBe(404);
        expect(answer.headers['content-type']).toBe('application/problem+json');
        expect(answer.json.code).toBe('not-found');
      }
    },
  );

  it.each([undefined, '*/*', 'application/json', 'application/problem+json', 'image/png'])(
    'are JSON for those who accept %s',
    async (accept) => {
      expect((await get('/problems/not-found', accept)).json.code).toBe('not-found');
    },
  );
});

describe('the type of a problem', () => {
  it('is the address of its page below PUBLIC_URL', async () => {
    const refused = await get('/nowhere');
    expect(refused.json.type).toBe('https://api.example.com/gateway/problems/not-found');
    const page = await get(new URL(refused.json.type).pathname.replace('/gateway', ''));
    expect({ status: page.status, code: page.json.code }).toEqual({ status: 200, code: 'not-found' });
  });

  it('is a path where PUBLIC_URL is not set', async () => {
    const plain = await TestGateway.start();
    const refused = await plain.call({ method: 'GET', path: '/nowhere' });
    expectProblem(refused, 404, 'not-found');
    expect((await plain.call({ method: 'GET', path: refused.json.type })).status).toBe(200);
    await plain.stop();
  });
});
