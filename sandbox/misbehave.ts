import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import { json, send, sendHead, text, type Answer, type Answered } from './answer.ts';

const oversizeBytes = 128 * 1024;
/** An answer that only tells something may be longer. */
const oversizeReadBytes = 2 * 1024 * 1024;
const maintenancePage = '<!doctype html><title>Maintenance</title><p>Please come back later.</p>';

/** Meets a request with `fault`, where Octane would have given `documented`. Resolves early when the client leaves. */
export async function misbehave(
  response: ServerResponse,
  fault: Fault,
  { documented, reads }: { documented: Answer; reads: boolean },
  answered: Answered,
): Promise<void> {
  const { socket } = response.req;
  switch (fault.kind) {
    case 'delay':
      if (await waited(response, fault.ms)) send(response, documented, answered);
      return;
    case 'hang':
      if (fault.at === 'headers') socket.write('HTTP/1.1 200 OK\r\nContent-Type: appl');
      if (fault.at === 'body') writeHalf(response, withBody(documented), answered);
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'status':
      send(response, asked(fault), answered);
      return;
    case 'redirect':
      send(response, text(307, '', { Location: fault.location }), answered);
      return;
    case 'garbage':
      socket.end('\u0016\u0003\u0001 this is not HTTP\r\n\r\n', 'latin1');
      return;
    case 'wrong-shape':
      send(response, json(200, { result: 'OK' }), answered);
      return;
    case 'not-json':
      send(response, text(200, maintenancePage, { 'Content-Type': 'text/html' }), answered);
      return;
    case 'oversize': {
      const answer = withBody(documented);
      send(
        response,
        { ...answer, body: answer.body.padEnd(reads ? oversizeReadBytes : oversizeBytes) },
        answered,
      );
      return;
    }
    case 'drip': {
      const answer = withBody(documented);
      sendHead(response, answer, answered);
      response.flushHeaders();
      for (const byte of Buffer.from(answer.body)) {
        if (!(await waited(response, fault.ms))) return;
        response.write(Uint8Array.of(byte));
      }
      response.end();
      return;
    }
    case 'cut':
      writeHalf(response, withBody(documented), answered, () => socket.destroySoon());
  }
}

/** A 204 has no body to spoil: a 200 that has one stands in for it. */
function withBody(documented: Answer): Answer {
  return documented.body === '' ? json(200, { sent: true }) : documented;
}

function asked({ status, retryAfter, body }: Extract<Fault, { kind: 'status' }>): Answer {
  const answer = typeof body === 'string' || body === null ? text(status, body ?? '') : json(status, body);
  return retryAfter === null
    ? answer
    : { ...answer, headers: { ...answer.headers, 'Retry-After': String(retryAfter) } };
}

function writeHalf(response: ServerResponse, answer: Answer, answered: Answered, written?: () => void): void {
  sendHead(response, answer, answered);
  response.write(answer.body.slice(0, answer.body.length / 2), () => written?.());
}

/** False when the client left in the meantime. */
async function waited(response: ServerResponse, ms: number): Promise<boolean> {
  const left = new AbortController();
  const leave = () => left.abort();
  response.once('close', leave);
  try {
    await sleep(ms, undefined, { signal: left.signal });
    return !response.destroyed;
  } catch {
    return false;
  } finally {
    response.off('close', leave);
  }
}
