import type { Caller } from '../callers/caller.ts';
import type { Settings } from '../config/settings.ts';
import type { Change, Parameters } from '../operations/operation.ts';
import { recordedName } from '../telemetry/recorded-name.ts';
import { RepeatableRequest } from './sealed-reply.ts';
import { changeIdAt } from './store/change-id.ts';
import type { Intent } from './store/journal-store.ts';

/** After its budget a change without an outcome waits this long before it counts as unknown. */
const UNKNOWN_AFTER_BUDGET_MS = 5000;
const HOUR_MS = 3_600_000;

/** A change that somebody asks for. */
export interface AskedChange {
  readonly operation: Change;
  readonly request: {
    readonly caller: Caller;
    /** Empty for a change that belongs to no customer. */
    readonly custno: string;
    readonly parameters: Parameters;
    /** The request id. */
    readonly id: string;
    /** The Idempotency-Key, where the app sent one. */
    readonly key: string | undefined;
    /** Tells the app that it gets the first answer to its key again. */
    markReplayed(): void;
  };
  /** The validated body. */
  readonly body: object;
}

/** A change that is on record and may be attempted. */
export interface Claim {
  readonly asked: AskedChange;
  readonly intent: Intent;
  /** Undefined where the app sent no Idempotency-Key. */
  readonly repeatable: RepeatableRequest | undefined;
  /** Milliseconds since before it was put on record. */
  readonly elapsedMs: () => number;
}

/** What an Idempotency-Key stands for; undefined where the app sent none. */
export function repeatableOf({ operation, request, body }: AskedChange): RepeatableRequest | undefined {
  const { key, parameters } = request;
  if (key === undefined) return undefined;
  return new RepeatableRequest(key, operation.parameters ? { parameters, body } : body);
}

/** Who asks, as it may stand in a record. */
export function recordedCaller({ issuer, clientId, subject, actor }: Caller) {
  return {
    issuer,
    client: recordedName(clientId),
    subject: recordedName(subject),
    actor: actor === undefined ? null : recordedName(actor),
  };
}

/** @param at milliseconds since the epoch */
export function intentOf(
  { operation: { name: operation, keyHours }, request }: AskedChange,
  repeatable: RepeatableRequest | undefined,
  at: number,
  { octaneTimeoutMs, idempotencyTtlHours }: Pick<Settings, 'octaneTimeoutMs' | 'idempotencyTtlHours'>,
): Intent {
  const { caller, custno, id: requestId } = request;
  const { issuer, clientId, subject, groupno } = caller;
  return {
    id: changeIdAt(at),
    ...recordedCaller(caller),
    groupno,
    custno,
    operation,
    requestId,
    unknownAfterMs: octaneTimeoutMs + UNKNOWN_AFTER_BUDGET_MS,
    key: repeatable
      ? {
          hash: repeatable.hash([issuer, clientId, subject, groupno, operation, custno]),
          fingerprint: repeatable.fingerprint(),
          ttlMs: Math.ceil((keyHours ?? idempotencyTtlHours) * HOUR_MS),
        }
      : null,
  };
}
