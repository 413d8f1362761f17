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

/** Octane's documented operations, one method each. Every method throws OctaneFailure and nothing else that Octane causes. */
@Injectable()
export class OctaneClient {
  constructor(private readonly transport: OctaneTransport) {}

  /** Set Customer Direct Debit. */
  async setDirectDebit(
    customer: CustomerOfGroup,
    directDebit: DirectDebitOrder,
    correlation: Correlation,
  ): Promise<DirectDebitAnswer> {
    const operation = 'direct-debit';
    const { status, body } = await this.transport.post(
      { operation, ...customer, body: { directDebit }, correlation },
      200,
    );
    const answer = status === 200 ? readDirectDebitAnswer(body) : undefined;
    if (!answer) throw new OctaneFailure(operation, 'octane-contract-violation', 'applied', status);
    return answer;
  }

  /** Send Welcome Email: any 2xx means that it was sent. */
  async sendWelcomeEmail(customer: CustomerOfGroup, correlation: Correlation): Promise<void> {
    await this.transport.post({ operation: 'welcome-email', ...customer, body: {}, correlation });
  }
}
