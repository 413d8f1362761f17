import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import type { IdempotentRequest } from '../journal/idempotent-request.ts';
import { Journal } from '../journal/journal.ts';
import type { Correlation } from '../octane/correlation.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { DirectDebitAnswer } from '../octane/wire.ts';
import type { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';

@Injectable()
export class DirectDebitService {
  constructor(
    private readonly journal: Journal,
    private readonly octane: OctaneClient,
  ) {}

  /** Replaces the customer's direct debit. Setting it twice does what setting it once does. */
  set(
    caller: Caller,
    custno: string,
    body: SetDirectDebitDto,
    request: IdempotentRequest,
    correlation: Correlation,
  ): Promise<DirectDebitAnswer> {
    const customer = { groupno: caller.groupno, custno };
    return this.journal.once({ operation: 'direct-debit', caller, custno, body, request }, () =>
      this.octane.setDirectDebit(customer, body.directDebit, correlation),
    );
  }
}
