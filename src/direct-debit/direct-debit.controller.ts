import { Controller } from '@nestjs/common';
import { JsonBody } from '../dispatch/body.pipe.ts';
import { Dispatch } from '../dispatch/dispatch.ts';
import { Asked } from '../dispatch/operation-request.ts';
import type { OperationRequest } from '../dispatch/operation-request.ts';
import { Serves } from '../dispatch/serves.ts';
import { directDebit } from './direct-debit.operation.ts';
import { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';
import type { DirectDebitAnswer } from './wire.ts';

@Controller()
export class DirectDebitController {
  constructor(private readonly dispatch: Dispatch) {}

  @Serves(directDebit)
  set(@Asked() request: OperationRequest, @JsonBody() body: SetDirectDebitDto): Promise<DirectDebitAnswer> {
    return this.dispatch.change(directDebit, request, body);
  }
}
