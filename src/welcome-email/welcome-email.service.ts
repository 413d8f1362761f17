import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import type { Correlation } from '../octane/correlation.ts';
import { OctaneClient } from '../octane/octane-client.ts';

@Injectable()
export class WelcomeEmailService {
  constructor(private readonly octane: OctaneClient) {}

  /** Sends the welcome email again. Each call that reaches Octane is one more email in the customer's inbox. */
  send({ groupno }: Caller, custno: string, correlation: Correlation): Promise<void> {
    return this.octane.sendWelcomeEmail({ groupno, custno }, correlation);
  }
}
