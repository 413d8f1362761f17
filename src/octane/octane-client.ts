import { Injectable } from '@nestjs/common';
import type { Correlation } from './correlation.ts';
import { OctaneFailure } from './octane-failure.ts';
import { OctaneTransport } from './octane-transport.ts';
import { readDirectDebitAnswer } from './wire.ts';
import type { DirectDebitAnswer, DirectDebitOrder } from './wire.ts';

/** The customer that a call is about. */
export interface CustomerOfGroup {
  readonly groupno: string;
  readonly custno: string;
}

/** What a call to Octane gave. */
export interface OctaneResult<T> {
  readonly answer: T;
  readonly octaneStatus: number;
  readonly attempts: number;
}

/** Octane's documented operations, one method each. Every method throws OctaneFailure and nothing else that Octane causes. */
@Injectable()
export class OctaneClient {
  constructor(private readonly transport: OctaneTransport) {}

  /** Set Customer Direct Debit. */
  async setDirectDebit(
    customer: CustomerOfGroup,
    directDebit: DirectDebitOrder,
    correlation: Correlation,
  ): Promise<OctaneResult<DirectDebitAnswer>> {
    const operation = 'direct-debit';
    const { status, body } = await this.transport.post(
      { operation, ...customer, body: { directDebit }, correlation },
      200,
    );
    const answer = status === 200 ? readDirectDebitAnswer(body) : undefined;
    if (!answer) throw new OctaneFailure(operation, 'octane-contract-violation', 'applied', status);
    return { answer, octaneStatus: status, attempts: 1 };
  }

  /** Send Welcome Email: any 2xx means that it was sent. */
  async sendWelcomeEmail(
    customer: CustomerOfGroup,
    correlation: Correlation,
  ): Promise<OctaneResult<undefined>> {
    const { status } = await this.transport.post({
      operation: 'welcome-email',
      ...customer,
      body: {},
      correlation,
    });
    return { answer: undefined, octaneStatus: status, attempts: 1 };
  }
}
