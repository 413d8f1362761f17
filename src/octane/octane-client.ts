import { Injectable } from '@nestjs/common';
import { pathOf } from '../operations/operation.ts';
import type { Forwarded, Forwarding, Operation } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';
import type { BreakerState } from './breaker.ts';
import { OctaneFailure } from './octane-failure.ts';
import { OctanePolicies } from './octane-policies.ts';
import { OctaneTransport } from './octane-transport.ts';
import type { OctaneAnswer, OctaneRequest } from './octane-transport.ts';

/** What is sent, and how long it may still be sent. */
export interface Sending extends Pick<Forwarding, 'parameters' | 'body'> {
  /** Milliseconds until others take the change for unknown; a read has no such time. */
  readonly timeLeftMs?: () => number;
  /** When the call must be over, by `performance.now()`; undefined: its whole budget from when it begins. */
  readonly deadline?: number | undefined;
}

/** What a call to Octane gave. */
export interface OctaneResult<T> {
  readonly answer: T;
  readonly octaneStatus: number;
  readonly attempts: number;
}

/** Octane, as far as the open operations ask it. Throws OctaneFailure and nothing else that Octane causes. */
@Injectable()
export class OctaneClient {
  constructor(
    private readonly transport: OctaneTransport,
    private readonly policies: OctanePolicies,
  ) {}

  /** Whether calls of each operation, by its name, are let through at the moment. */
  breakerStates(): [string, BreakerState][] {
    return this.policies.breakerStates();
  }

  /** When a call that begins now must be over, by `performance.now()`. */
  deadline(): number {
    return this.policies.deadline();
  }

  /** Calls Octane, more than once where that is harmless, and reads its response. */
  async call<T>(
    operation: Operation,
    request: OctaneRequest,
    { body, parameters, timeLeftMs = () => Infinity, deadline }: Sending,
  ): Promise<OctaneResult<T>> {
    const forwarded = forward(operation, request, { body, parameters });
    const attempt = async (timeoutMs: number): Promise<Omit<OctaneResult<T>, 'attempts'>> => {
      requireTime(timeoutMs, timeLeftMs(), deadline);
      const response = await this.transport.call(operation, request, forwarded, timeoutMs);
      return { answer: answerOf(operation, response) as T, octaneStatus: response.status };
    };
    const { result, attempts } = await this.policies.run(operation, request, attempt, deadline);
    return { ...result, attempts };
  }
}

function forward(
  operation: Operation,
  { caller: { groupno }, custno }: OctaneRequest,
  { parameters, body }: Pick<Forwarding, 'parameters' | 'body'>,
): Forwarded {
  if (operation.forward) return operation.forward({ groupno, custno, parameters, body });
  const path = pathOf(operation.octane).replace('{groupno}', groupno).replace('{custno}', custno);
  return { path, body: body && JSON.stringify(body) };
}

/** @throws OctaneFailure `octane-contract-violation`, or `octane-rejected` where a 2xx says no */
function answerOf(operation: Operation, { status, body }: OctaneAnswer): unknown {
  const { answer } = operation;
  if (!answer.reads) return undefined;
  const reading = answer.reads(status) && answer.read ? answer.read(body, status) : 'not-documented';
  if (typeof reading === 'object') return reading.answer;
  throw new OctaneFailure(operation, {
    ...(reading === 'refused'
      ? { code: 'octane-rejected', outcome: 'rejected', fault: 'refused' }
      : { code: 'octane-contract-violation', outcome: 'applied', fault: 'bad-answer' }),
    octaneStatus: status,
  });
}

/**
 * A process may have been held up since the change was put on record: what could still run when others take it for unknown is
 * not sent. Nor is what has no time left, because what was asked first took it.
 *
 * @throws Problem `overloaded`
 */
function requireTime(timeoutMs: number, leftMs: number, deadline = Infinity): void {
  if (leftMs < timeoutMs || performance.now() >= deadline)
    throw new Problem('overloaded', { reason: 'too-late' });
}
