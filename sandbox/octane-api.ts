import type { IncomingMessage, RequestListener } from 'node:http';
import { send, text } from './answer.ts';
import type { Faults } from './faults.ts';
import { misbehave } from './misbehave.ts';
import type { OctaneRecords, ReceivedRequest } from './octane-records.ts';
import { customerOf, denied, type Decision, type Operation } from './operation.ts';
import { operations } from './operations.ts';
import { readJson, type Body } from './read-json.ts';
import { groups, type Group } from './seed.ts';

export const basePath = '/tiab/api';

/** Where a request goes: the operations of its path, by their methods, and the numbers in it. */
interface Target {
  byMethod: Map<string, Operation>;
  groupno: string | undefined;
  custno: string | undefined;
}

const paths = Map.groupBy(
  operations.map((operation) => ({
    operation,
    path: operation.route.slice(operation.route.indexOf(' ') + 1),
  })),
  ({ path }) => path,
);
const routes = [...paths].map(([path, all]) => ({
  pattern: new RegExp(`^${basePath}${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  byMethod: new Map(all.map(({ operation }) => [operation.route.split(' ')[0]!, operation])),
}));

/** The operations of Octane, and the faults in force. */
export function octaneApi(records: OctaneRecords, faults: Faults): RequestListener {
  return (request, response) => {
    const received = receive(request);
    records.addRequest(received);
    const serve = async () => {
      const body = await readJson(request);
      received.body = body ? (body.json ?? (body.text || null)) : 'over 1 MiB';
      const target = targetOf(request);
      const { answer, change } = decide(request, target, body, records);
      const operation = target?.byMethod.get(request.method ?? '');
      const fault = operation && faults.take(operation.name);
      if (!fault) {
        change?.(received.at);
        send(response, answer, received);
        return;
      }
      received.fault = fault.kind;
      if (fault.applied) change?.(received.at);
      await misbehave(response, fault, { documented: answer, reads: operation.reads === true }, received);
    };
    serve().catch(() => response.destroy());
  };
}

function receive(request: IncomingMessage): ReceivedRequest {
  const { authorization, ...headers } = request.headers;
  return {
    at: new Date().toISOString(),
    method: request.method ?? '',
    path: request.url ?? '',
    headers: authorization === undefined ? headers : { authorization: masked(authorization), ...headers },
    body: null,
    status: null,
    fault: null,
  };
}

function masked(authorization: string): string {
  const [scheme, ...credentials] = authorization.split(' ');
  return credentials.length > 0 ? `${scheme} (masked)` : '(masked)';
}

function targetOf(request: IncomingMessage): Target | undefined {
  const [path = ''] = (request.url ?? '').split('?');
  for (const { pattern, byMethod } of routes) {
    const { groups: numbers } = pattern.exec(path) ?? {};
    if (pattern.test(path)) return { byMethod, groupno: numbers?.['groupno'], custno: numbers?.['custno'] };
  }
  return undefined;
}

function decide(
  request: IncomingMessage,
  target: Target | undefined,
  body: Body | undefined,
  records: OctaneRecords,
): Decision {
  if (!target) return { answer: text(404) };
  const { byMethod, groupno, custno } = target;
  const operation = byMethod.get(request.method ?? '');
  if (!operation) return { answer: text(405, undefined, { Allow: [...byMethod.keys()].join(', ') }) };
  const group = authenticate(request.headers.authorization);
  if (!group) return { answer: text(401, undefined, { 'WWW-Authenticate': 'Basic realm="Octane"' }) };
  if (groupno !== undefined && group.groupno !== groupno) return denied();
  if (custno !== undefined && !customerOf(group, custno)) return denied();
  if (
    request.method !== 'GET' &&
    !/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? '')
  )
    return { answer: text(415) };
  if (!body) return { answer: text(413) };
  const query = new URL(request.url ?? '', 'http://octane').searchParams;
  return operation.decide({ group, custno: custno ?? '', body: body.json, query, records });
}

function authenticate(authorization = ''): Group | undefined {
  const [, credentials = ''] = /^Basic ([\w+/=-]+)$/i.exec(authorization) ?? [];
  const sent = Buffer.from(credentials, 'base64').toString();
  return groups.find(({ username, password }) => sent === `${username}:${password}`);
}
