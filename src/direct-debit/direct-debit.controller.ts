import { Controller, HttpCode, Post } from '@nestjs/common';
import { RequireScope } from '../auth/access.decorators.ts';
import { CurrentCaller, Custno } from '../callers/caller.ts';
import type { Caller } from '../callers/caller.ts';
import { JsonBody } from '../http/body.pipe.ts';
import { Idempotency } from '../journal/idempotent-request.ts';
import type { IdempotentRequest } from '../journal/idempotent-request.ts';
import { ReportLimits } from '../limits/rate-limit-fields.ts';
import type { LimitReport } from '../limits/policy.ts';
import { RequestCorrelation } from '../octane/correlation.ts';
import type { Correlation } from '../octane/correlation.ts';
import type { DirectDebitAnswer } from '../octane/wire.ts';
import { DirectDebitService } from './direct-debit.service.ts';
import { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';

@Controller('v1/customers/:custno/direct-debit')
export class DirectDebitController {
  constructor(private readonly directDebits: DirectDebitService) {}

  @Post()
  @HttpCode(200)
  @RequireScope('direct-debit:write')
  set(
    @CurrentCaller() caller: Caller,
    @Custno() custno: string,
    @JsonBody() body: SetDirectDebitDto,
    @Idempotency() request: IdempotentRequest,
    @RequestCorrelation() correlation: Correlation,
    @ReportLimits() report: LimitReport,
  ): Promise<DirectDebitAnswer> {
    return this.directDebits.set(caller, custno, body, request, correlation, report);
  }
}
