import { Controller, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { JsonBody } from '../dispatch/body.pipe.ts';
import { DispatchModule } from '../dispatch/dispatch.module.ts';
import { Dispatch } from '../dispatch/dispatch.ts';
import { Asked } from '../dispatch/operation-request.ts';
import type { OperationRequest } from '../dispatch/operation-request.ts';
import { Serves } from '../dispatch/serves.ts';
import type { OpenOperation } from '../operations/operations.module.ts';
import type { DescribedOperation } from './open-entry.ts';

const NO_CONTENT = 204;

/** Adds the module of the controller that serves a described operation, whose answers are JSON texts. */
export function openDescribed(operation: DescribedOperation): OpenOperation {
  @Controller()
  class DescribedController {
    constructor(private readonly dispatch: Dispatch) {}

    @Serves(operation)
    async serve(
      @Asked() request: OperationRequest,
      @JsonBody() body: object,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<string> {
      const answer =
        operation.kind === 'read'
          ? await this.dispatch.read(operation, request, body)
          : await this.dispatch.change(operation, request, body);
      if (answer === '') reply.code(NO_CONTENT);
      else reply.header('content-type', 'application/json; charset=utf-8');
      return answer;
    }
  }

  @Module({ imports: [DispatchModule], controllers: [DescribedController] })
  class DescribedModule {}

  return { operation, module: DescribedModule };
}
