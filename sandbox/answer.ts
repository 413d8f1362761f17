import { STATUS_CODES, type ServerResponse } from 'node:http';

/** What a server of the sandbox answers to a request. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Takes note of the status that goes out. */
export interface Answered {
  status: number | null;
}

export function json(status: number, value: unknown): Answer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

/** `body` is the reason phrase where none is given. */
export function text(
  status: number,
  body = STATUS_CODES[status] ?? '',
  headers: Record<string, string> = {},
): Answer {
  return { status, headers: { 'Content-Type': 'text/plain', ...headers }, body };
}

export function noContent(): Answer {
  return { status: 204, headers: {}, body: '' };
}

export function send(response: ServerResponse, answer: Answer, answered?: Answered): void {
  sendHead(response, answer, answered);
  response.end(answer.body);
}

/** Announces the whole body and sends none of it. */
export function sendHead(response: ServerResponse, answer: Answer, answered?: Answered): void {
  const { status, headers, body } = answer;
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  if (answered) answered.status = status;
}
