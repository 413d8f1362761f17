import { Controller } from '@nestjs/common';
import { JsonBody } from '../dispatch/body.pipe.ts';
import { Dispatch } from '../dispatch/dispatch.ts';
import { Asked } from '../dispatch/operation-request.ts';
import type { OperationRequest } from '../dispatch/operation-request.ts';
import { Serves } from '../dispatch/serves.ts';
import { SendWelcomeEmailDto } from './dto/send-welcome-email.dto.ts';
import { welcomeEmail } from './welcome-email.operation.ts';

@Controller()
export class WelcomeEmailController {
  constructor(private readonly dispatch: Dispatch) {}

  @Serves(welcomeEmail)
  send(@Asked() request: OperationRequest, @JsonBody() body: SendWelcomeEmailDto): Promise<void> {
    return this.dispatch.change(welcomeEmail, request, body);
  }
}
