import type { FastifyRequest } from 'fastify';
import type { Parameters, ParametersOf } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';

/**
 * The parameters of the route, apart from the customer number, and of the query, each decoded once.
 *
 * @throws Problem `invalid-request` for one of the query that is unknown, repeated, or no UTF-8
 */
export function sentParameters(request: FastifyRequest, known: ParametersOf['query']): Parameters {
  const sent: Record<string, string | string[]> = { ...(request.params as Record<string, string>) };
  delete sent['custno'];
  const queryAt = request.url.indexOf('?');
  if (queryAt === -1) return sent;
  for (const pair of request.url.slice(queryAt + 1).split('&')) {
    if (pair === '') continue;
    const valueAt = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const name = decoded(pair.slice(0, valueAt));
    const value = decoded(pair.slice(valueAt + 1));
    if (!Object.hasOwn(known, name))
      throw fault('The query has a parameter that this operation does not have.');
    const before = sent[name];
    if (known[name] === 'list') sent[name] = [before ?? [], value].flat();
    else if (before === undefined) sent[name] = value;
    else throw fault('The query has one parameter twice, and it is not a list.');
  }
  return sent;
}

/** As forms write it, where a blank is `+`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw fault('The query is not percent-encoded UTF-8.');
  }
}

function fault(detail: string): Problem {
  return new Problem('invalid-request', { detail });
}
