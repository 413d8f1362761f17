import { OctaneFailure } from '../octane/octane-failure.ts';
import type { Forwarding, Operation, Read } from '../operations/operation.ts';
import { PROBLEMS } from '../problems/catalogue.ts';
import { Problem } from '../problems/problem.ts';

/**
 * Looks up whether everything that a request names is the customer's.
 *
 * @param ask gives the answer of a read for the same customer; it is asked once for each
 * @throws Problem `resource-not-found`, and what `ask` throws; of a change nothing was sent
 */
export async function requireOwned(
  { kind, ownedBy = [] }: Operation,
  asked: Pick<Forwarding, 'parameters' | 'body'>,
  ask: (read: Read) => Promise<unknown>,
): Promise<void> {
  const answers = new Map<Read, unknown>();
  for (const ownership of ownedBy) {
    const { read } = ownership;
    const named = ownership.named(asked);
    if (named.length === 0) throw notOwned();
    if (!answers.has(read))
      answers.set(read, await (kind === 'change' ? ask(read).catch(refuse) : ask(read)));
    const owned = ownership.owned(answers.get(read));
    if (!named.every((value) => owned.has(value))) throw notOwned();
  }
}

function notOwned(): Problem {
  return new Problem('resource-not-found', { outcome: 'not-sent' });
}

/** The problem of the read is that of the change, of which nothing has left. */
function refuse(error: unknown): never {
  if (!(error instanceof OctaneFailure)) throw error;
  const { headers, cause } = error.extras;
  throw new Problem(error.code, {
    detail: 'The gateway could not check whether it belongs to this customer, so nothing was changed.',
    outcome: 'not-sent',
    retryable: PROBLEMS[error.code].retryable ?? true,
    ...(headers && { headers }),
    ...(cause !== undefined && { cause }),
  });
}
