import type { IncomingMessage, RequestListener } from 'node:http';
import { json, noContent, send, text, type Answer } from './answer.ts';
import { isObject, schemaFaults, stored } from './direct-debit.ts';
import type { Faults, Operation } from './faults.ts';
import { misbehave } from './misbehave.ts';
import type { OctaneRecords, ReceivedRequest } from './octane-records.ts';
import { readJson, type Body } from './read-json.ts';
import { groups, type Customer, type Group } from './seed.ts';

export const basePath = '/tiab/api';

const route = new RegExp(`^${basePath}/v1/group/([^/]+)/customer/([^/]+)/(direct-debit|send-welcome-email)$`);

interface Target {
  operation: Operation;
  groupno: string;
  custno: string;
}

/** What Octane says to a request, and the change that it makes when it says so. */
interface Decision {
  answer: Answer;
  change?: () => void;
}

/** The two documented operations of Octane, and the faults in force. */
export function octaneApi(records: OctaneRecords, faults: Faults): RequestListener {
  return (request, response) => {
    const received = receive(request);
    records.addRequest(received);
    const serve = async () => {
      const body = await readJson(request);
      received.body = body ? (body.json ?? (body.text || null)) : 'over 1 MiB';
      const target = targetOf(request);
      const { answer, change } = decide(request, target, body, records);
      const fault = target && request.method === 'POST' ? faults.take(target.operation) : undefined;
      if (!fault) {
        change?.();
        send(response, answer, received);
        return;
      }
      received.fault = fault.kind;
      if (fault.applied) change?.();
      await misbehave(response, fault, answer, received);
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
  const [, groupno, custno, resource] = route.exec(path) ?? [];
  if (groupno === undefined || custno === undefined) return undefined;
  return { operation: resource === 'direct-debit' ? 'direct-debit' : 'welcome-email', groupno, custno };
}

function decide(
  request: IncomingMessage,
  target: Target | undefined,
  body: Body | undefined,
  records: OctaneRecords,
): Decision {
  if (!target) return { answer: text(404) };
  if (request.method !== 'POST') return { answer: text(405, undefined, { Allow: 'POST' }) };
  const group = authenticate(request.headers.authorization);
  if (!group) return { answer: text(401, undefined, { 'WWW-Authenticate': 'Basic realm="Octane"' }) };
  const customer = group.customers.find(({ custno }) => custno === target.custno);
  if (group.groupno !== target.groupno || !customer) return { answer: text(403, 'Invalid access') };
  if (!/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    return { answer: text(415) };
  if (!body) return { answer: text(413) };
  return target.operation === 'direct-debit'
    ? setDirectDebit(group, customer, body, records)
    : sendWelcomeEmail(group, customer, body, records);
}

function authenticate(authorization = ''): Group | undefined {
  const [, credentials = ''] = /^Basic ([\w+/=-]+)$/i.exec(authorization) ?? [];
  const sent = Buffer.from(credentials, 'base64').toString();
  return groups.find(({ username, password }) => sent === `${username}:${password}`);
}

function setDirectDebit(
  { groupno }: Group,
  { custno }: Customer,
  body: Body,
  records: OctaneRecords,
): Decision {
  const errors = schemaFaults(body.json);
  if (errors.length > 0) return { answer: json(400, { errors }) };
  const directDebit = stored(body.json);
  return {
    answer: json(200, { directDebit }),
    change: () => records.setDirectDebit({ at: new Date().toISOString(), groupno, custno, directDebit }),
  };
}

function sendWelcomeEmail(
  { groupno }: Group,
  { custno, email }: Customer,
  body: Body,
  records: OctaneRecords,
): Decision {
  if (!isObject(body.json)) return { answer: json(400, { errors: ['the body must be a JSON object'] }) };
  return {
    answer: noContent(),
    change: () => records.addEmail({ at: new Date().toISOString(), groupno, custno, to: email }),
  };
}
