import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import type { IdempotentRequest } from '../journal/idempotent-request.ts';
import { Journal } from '../journal/journal.ts';
import { Limits } from '../limits/limits.ts';
import type { LimitReport } from '../limits/policy.ts';
import type { Correlation } from '../octane/correlation.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { SendWelcomeEmailDto } from './dto/send-welcome-email.dto.ts';

@Injectable()
export class WelcomeEmailService {
  constructor(
    private readonly limits: Limits,
    private readonly journal: Journal,
    private readonly octane: OctaneClient,
  ) {}

  /** Sends the welcome email again. Each call that reaches Octane is one more email in the customer's inbox. */
  async send(
    caller: Caller,
    custno: string,
    body: SendWelcomeEmailDto,
    request: IdempotentRequest,
    correlation: Correlation,
    report: LimitReport,
  ): Promise<void> {
    await this.limits.countRequest(caller, report);
    const customer = { caller, groupno: caller.groupno, custno };
    const operation = 'welcome-email';
    return this.journal.once({ operation, caller, custno, body, request }, (timeLeftMs) =>
      this.limits.countChange({ operation, ...customer }, report, async () => {
        await this.limits.countCall(customer.groupno, report);
        return this.octane.sendWelcomeEmail(customer, correlation, timeLeftMs);
      }),
    );
  }
}
