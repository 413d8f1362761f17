import type { JournalRecord } from '../../src/journal/store/journal-store.ts';
import type { Hit } from '../support/scripted-octane.ts';
import type { Apps, Heard, Wish } from './apps.ts';

export type Recorded = Pick<JournalRecord, 'requestId' | 'outcome' | 'octaneStatus' | 'attempts'>;

const NOT_ON_RECORD = 'not on record';
/** What the gateway refuses before it puts anything on record. */
const BEFORE_THE_RECORD: ReadonlySet<string | undefined> = new Set([
  'overloaded',
  'rate-limited',
  'keys-unavailable',
]);

/**
 * Compares what the apps heard and what Octane received with what is on record.
 *
 * @returns a sentence for each promise that was broken
 */
export function brokenPromises(
  { wishes, heard }: Pick<Apps, 'wishes' | 'heard'>,
  hits: readonly Hit[],
  records: readonly Recorded[],
): string[] {
  const recordOf = new Map(records.map((record) => [record.requestId, record]));
  const hitsOf = Map.groupBy(hits, ({ headers }) => String(headers['x-request-id']));
  const outcomeOf = (requestId: string): string => recordOf.get(requestId)?.outcome ?? NOT_ON_RECORD;
  const appliedByKey = Map.groupBy(
    records.filter(({ outcome }) => outcome === 'applied'),
    ({ requestId }) => keyOf(wishes.get(requestId)),
  );

  return [
    ...(recordOf.size < records.length ? ['a request has two records'] : []),
    ...records
      .filter(({ outcome }) => outcome === 'in-progress')
      .map(({ requestId }) => `${requestId} is still in progress`),
    ...records
      .filter(
        ({ outcome, requestId }) =>
          (outcome === 'applied' || outcome === 'rejected') && !hitsOf.has(requestId),
      )
      .map(({ requestId, outcome }) => `${requestId} is ${outcome}, and Octane never received it`),
    ...records
      .filter(({ outcome, requestId, attempts }) => {
        const isSettled = outcome === 'applied' || outcome === 'rejected';
        return isSettled && (hitsOf.get(requestId) ?? []).length > attempts;
      })
      .map(
        ({ requestId, attempts }) =>
          `${requestId} reached Octane more often than in its ${attempts} attempts`,
      ),
    ...records
      .filter(({ requestId }) => !wishes.has(requestId))
      .map(({ requestId }) => `${requestId} is on record, and nobody asked for it`),
    ...[...hitsOf.keys()]
      .filter((requestId) => !['applied', 'rejected', 'unknown'].includes(outcomeOf(requestId)))
      .map((requestId) => `Octane received ${requestId}, which is ${outcomeOf(requestId)}`),
    ...emailsSentTwice(wishes, hits, recordOf),
    ...[...appliedByKey]
      .filter(([key, { length }]) => key !== undefined && length > 1)
      .map(([key, { length }]) => `${key} was applied ${length} times`),
    ...heard.flatMap((answer) => {
      const found = answer.isReplay
        ? (appliedByKey.get(keyOf(answer.wish)) ?? []).map(({ outcome }) => outcome)
        : [outcomeOf(answer.requestId)];
      return isBorneOut(answer, found)
        ? []
        : [`${describe(answer)}, on record: ${found.join(', ') || 'nothing'}`];
    }),
  ];
}

/** What is one key to the gateway. */
function keyOf(wish: Wish | undefined): string | undefined {
  return wish?.key === undefined ? undefined : `${wish.key} of ${wish.operation}`;
}

function emailsSentTwice(
  wishes: ReadonlyMap<string, Wish>,
  hits: readonly Hit[],
  recordOf: ReadonlyMap<string, Recorded>,
): string[] {
  const emails = hits.filter(
    ({ path, headers }) =>
      path.endsWith('/send-welcome-email') && !isTurnedAway(recordOf.get(String(headers['x-request-id']))),
  );
  const sent = Map.groupBy(emails, ({ headers }) => keyOf(wishes.get(String(headers['x-request-id']))));
  return [...sent]
    .filter(([key, { length }]) => key !== undefined && length > 1)
    .map(([key, { length }]) => `${key} was sent ${length} times`);
}

/** Octane did not even look at it: the key is free. */
function isTurnedAway(record: Recorded | undefined): boolean {
  const { outcome, octaneStatus } = record ?? {};
  return outcome === 'rejected' && (octaneStatus === 401 || octaneStatus === 429);
}

/** Whether the journal bears out what an app was told. */
function isBorneOut({ status, code, outcome, isReplay }: Heard, found: readonly string[]): boolean {
  if (status < 300) return found.includes('applied');
  // A replayed refusal was judged when it was given first; a refusal by the gateway alone says nothing about Octane.
  if (isReplay || outcome === undefined || code === 'outcome-unknown') return true;
  const [recorded] = found;
  // A killed gateway may have owed the journal what it told the app.
  if (code === 'journal-unavailable')
    return outcome === 'unknown' || !['applied', 'rejected'].includes(recorded!);
  if (outcome === 'not-sent') {
    return recorded === 'not-sent' || (recorded === NOT_ON_RECORD && BEFORE_THE_RECORD.has(code));
  }
  return recorded === outcome;
}

function describe({ requestId, status, code, outcome, isReplay }: Heard): string {
  return `${requestId} got ${status} ${code ?? ''} ${outcome ?? ''}${isReplay ? ' again' : ''}`;
}
