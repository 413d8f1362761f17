import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import type { IdempotentRequest } from '../journal/idempotent-request.ts';
import { Journal } from '../journal/journal.ts';
import { Limits } from '../limits/limits.ts';
import type { LimitReport } from '../limits/policy.ts';
import type { Correlation } from '../octane/correlation.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { DirectDebitAnswer } from '../octane/wire.ts';
import type { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';

@Injectable()
export class DirectDebitService {
  constructor(
    private readonly limits: Limits,
    private readonly journal: Journal,
    private readonly octane: OctaneClient,
  ) {}

  /** Replaces the customer's direct debit. Setting it twice does what setting it once does. */
  async set(
    caller: Caller,
    custno: string,
    body: SetDirectDebitDto,
    request: IdempotentRequest,
    correlation: Correlation,
    report: LimitReport,
  ): Promise<DirectDebitAnswer> {
    await this.limits.countRequest(caller, report);
    const customer = { caller, groupno: caller.groupno, custno };
    const operation = 'direct-debit';
    return this.journal.once({ operation, caller, custno, body, request }, (timeLeftMs) =>
      this.limits.countChange({ operation, ...customer }, report, async () => {
        await this.limits.countCall(customer.groupno, report);
        return this.octane.setDirectDebit(customer, body.directDebit, correlation, timeLeftMs);
      }),
    );
  }
}
