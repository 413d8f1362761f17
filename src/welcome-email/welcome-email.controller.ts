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
import { SendWelcomeEmailDto } from './dto/send-welcome-email.dto.ts';
import { WelcomeEmailService } from './welcome-email.service.ts';

@Controller('v1/customers/:custno/send-welcome-email')
export class WelcomeEmailController {
  constructor(private readonly welcomeEmails: WelcomeEmailService) {}

  @Post()
  @HttpCode(204)
  @RequireScope('welcome-email:send')
  send(
    @CurrentCaller() caller: Caller,
    @Custno() custno: string,
    @JsonBody({ optional: true }) body: SendWelcomeEmailDto,
    @Idempotency() request: IdempotentRequest,
    @RequestCorrelation() correlation: Correlation,
    @ReportLimits() report: LimitReport,
  ): Promise<void> {
    return this.welcomeEmails.send(caller, custno, body, request, correlation, report);
  }
}
