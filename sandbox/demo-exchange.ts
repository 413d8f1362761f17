import { STATUS_CODES } from 'node:http';
import { styleText } from 'node:util';
import { bodyLines, header, heading, label, mark, startLine } from './demo-print.ts';
import type { ReceivedRequest } from './octane-records.ts';
import { requestToken, type Token } from './request-token.ts';

/** What the demo does once, and what must come of it. */
export interface Exchange {
  title: string;
  method: 'GET' | 'POST';
  path: string;
  /** The Idempotency-Key. */
  key?: string;
  body?: unknown;
  expected: {
    status: number;
    /** How many requests reach Octane. */
    hits: number;
    meaning: string;
  };
}

export interface Peers {
  gatewayUrl: string;
  controlUrl: string;
  accessToken: string;
}

interface Answer {
  status: number;
  headers: Headers;
  body: string;
  tookMs: number;
}

const shownOfOctane = ['authorization', 'content-type', 'x-request-id', 'traceparent'];
const shownOfAnswer = [
  'content-type',
  'x-request-id',
  'idempotency-replayed',
  'retry-after',
  'www-authenticate',
];

/** Gets a token and prints how, and what it says. */
export async function showToken(asked: { issuer: string; client: string; custno: string }): Promise<Token> {
  const token = await requestToken(asked);
  const [, payload = ''] = token.accessToken.split('.');
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  console.log(
    [
      heading('Get a token'),
      '',
      label('The app sent'),
      startLine(`POST ${asked.issuer}/token`),
      header('authorization', 'Basic (masked)'),
      `    grant_type=client_credentials&custno=${asked.custno}`,
      '',
      label('Came back'),
      '    an access token that says',
      ...bodyLines(claims),
      '',
    ].join('\n'),
  );
  return token;
}

/** Sends a request through the gateway and prints all that happened. False: it was not as expected. */
export async function showExchange(exchange: Exchange, peers: Peers): Promise<boolean> {
  const requestsUrl = `${peers.controlUrl}/requests`;
  await fetch(requestsUrl, { method: 'DELETE' });
  const answer = await send(exchange, peers);
  const received = (await (await fetch(requestsUrl)).json()) as ReceivedRequest[];
  const { status, hits, meaning } = exchange.expected;
  const asExpected = answer.status === status && received.length === hits;
  const unexpected = `expected ${status} and ${hits} at Octane, got ${answer.status} and ${received.length}`;
  console.log(
    [
      heading(exchange.title),
      '',
      ...sentLines(exchange, peers),
      ...received.flatMap(receivedLines),
      ...(received.length === 0 ? [label('Octane received'), `    ${styleText('dim', 'nothing')}`, ''] : []),
      ...answerLines(answer),
      `  ${mark(asExpected)} ${asExpected ? meaning : unexpected}`,
      '',
    ].join('\n'),
  );
  return asExpected;
}

/** Prints which exchanges went as expected. */
export function showSummary(outcomes: Map<Exchange, boolean>): void {
  const lines = [...outcomes].map(([{ title }, asExpected]) => `  ${mark(asExpected)} ${title}`);
  console.log([heading('In short'), '', ...lines, ''].join('\n'));
}

async function send(exchange: Exchange, { gatewayUrl, accessToken }: Peers): Promise<Answer> {
  const { method, path, body } = exchange;
  const start = performance.now();
  const response = await fetch(`${gatewayUrl}${path}`, {
    method,
    headers: { Authorization: `Bearer ${accessToken}`, ...headersOf(exchange) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: await response.text(),
    tookMs: Math.round(performance.now() - start),
  };
}

/** Beside the token. */
function headersOf({ key, body }: Exchange): Record<string, string> {
  return {
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(key !== undefined && { 'Idempotency-Key': key }),
  };
}

function sentLines(exchange: Exchange, { gatewayUrl }: Peers): string[] {
  const { method, path, body } = exchange;
  return [
    label('The app sent'),
    startLine(`${method} ${gatewayUrl}${path}`),
    header('authorization', 'Bearer (masked)'),
    ...Object.entries(headersOf(exchange)).map(([name, value]) => header(name, value)),
    ...bodyLines(body),
    '',
  ];
}

function receivedLines({ method, path, headers, body }: ReceivedRequest): string[] {
  return [
    label('Octane received'),
    startLine(`${method} ${path}`),
    ...shownOfOctane.flatMap((name) =>
      headers[name] === undefined ? [] : [header(name, String(headers[name]))],
    ),
    ...bodyLines(body),
    '',
  ];
}

function answerLines({ status, headers, body, tookMs }: Answer): string[] {
  const colour = status < 300 ? 'green' : 'yellow';
  return [
    label('Came back'),
    `    ${styleText([colour, 'bold'], `${status} ${STATUS_CODES[status] ?? ''}`)} ${styleText('dim', `after ${tookMs} ms`)}`,
    ...shownOfAnswer.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [header(name, value)];
    }),
    ...bodyLines(parsed(body)),
    '',
  ];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
