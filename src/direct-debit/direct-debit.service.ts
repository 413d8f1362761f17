import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import type { Correlation } from '../octane/correlation.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { DirectDebitAnswer } from '../octane/wire.ts';
import type { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';

@Injectable()
export class DirectDebitService {
  constructor(private readonly octane: OctaneClient) {}

  /** Replaces the customer's direct debit. Setting it twice does what setting it once does. */
  set(
    { groupno }: Caller,
    custno: string,
    body: SetDirectDebitDto,
    correlation: Correlation,
  ): Promise<DirectDebitAnswer> {
    return this.octane.setDirectDebit({ groupno, custno }, body.directDebit, correlation);
  }
}
