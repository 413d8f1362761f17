import { Injectable } from '@nestjs/common';
import { Problem } from '../problems/problems.ts';
import type { BreakerState } from './breaker.ts';
import type { Correlation } from './correlation.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { Operation } from './octane-failure.ts';
import { OctanePolicies } from './octane-policies.ts';
import type { CustomerCall } from './octane-policies.ts';
import { OctaneTransport } from './octane-transport.ts';
import { readDirectDebitAnswer } from './wire.ts';
import type { DirectDebitAnswer, DirectDebitOrder } from './wire.ts';

/** What a call to Octane gave. */
export interface OctaneResult<T> {
  readonly answer: T;
  readonly octaneStatus: number;
  readonly attempts: number;
}

/** Octane's documented operations, one method each. Every method throws OctaneFailure and nothing else that Octane causes. */
@Injectable()
export class OctaneClient {
  constructor(
    private readonly transport: OctaneTransport,
    private readonly policies: OctanePolicies,
  ) {}

  /** Whether calls of each operation are let through at the moment. */
  breakerStates(): [Operation, BreakerState][] {
    return this.policies.breakerStates();
  }

  /** Set Customer Direct Debit. */
  async setDirectDebit(
    { caller, groupno, custno }: CustomerCall,
    directDebit: DirectDebitOrder,
    correlation: Correlation,
    timeLeftMs: () => number,
  ): Promise<OctaneResult<DirectDebitAnswer>> {
    const operation = 'direct-debit';
    const call = { operation, groupno, custno, body: { directDebit }, correlation, readBodyOf: 200 } as const;
    const { result, attempts } = await this.policies.run(
      operation,
      { caller, groupno, custno },
      async (timeoutMs) => {
        requireTime(timeoutMs, timeLeftMs());
        const { status, body } = await this.transport.post(call, timeoutMs);
        const answer = status === 200 ? readDirectDebitAnswer(body) : undefined;
        if (answer) return answer;
        throw new OctaneFailure(operation, 'octane-contract-violation', 'applied', {
          fault: 'bad-answer',
          octaneStatus: status,
        });
      },
    );
    return { answer: result, octaneStatus: 200, attempts };
  }

  /** Send Welcome Email: any 2xx means that it was sent. */
  async sendWelcomeEmail(
    { caller, groupno, custno }: CustomerCall,
    correlation: Correlation,
    timeLeftMs: () => number,
  ): Promise<OctaneResult<undefined>> {
    const operation = 'welcome-email';
    const call = { operation, groupno, custno, body: {}, correlation } as const;
    const { result, attempts } = await this.policies.run(
      operation,
      { caller, groupno, custno },
      (timeoutMs) => {
        requireTime(timeoutMs, timeLeftMs());
        return this.transport.post(call, timeoutMs);
      },
    );
    return { answer: undefined, octaneStatus: result.status, attempts };
  }
}

/**
 * A process may have been held up since the change was put on record: what could still run when others take it for unknown is
 * not sent.
 *
 * @throws Problem `overloaded`
 */
function requireTime(timeoutMs: number, leftMs: number): void {
  if (leftMs < timeoutMs) throw new Problem('overloaded', { reason: 'too-late' });
}
