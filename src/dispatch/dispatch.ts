import { Injectable } from '@nestjs/common';
import { Journal } from '../journal/journal.ts';
import { Limits } from '../limits/limits.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { Change, Read } from '../operations/operation.ts';
import type { OperationRequest } from './operation-request.ts';

/** Steps 5 to 8 of a request, in run order: what happens behind the controller, for every operation. */
@Injectable()
export class Dispatch {
  constructor(
    private readonly limits: Limits,
    private readonly journal: Journal,
    private readonly octane: OctaneClient,
  ) {}

  /** @throws Problem; OctaneFailure for what Octane causes */
  async change<Body extends object, Answer>(
    operation: Change<Body, Answer>,
    request: OperationRequest,
    body: Body,
  ): Promise<Answer> {
    await this.limits.countRequest(request);
    return this.journal.once({ operation, request, body }, (timeLeftMs) =>
      this.limits.countChange(operation.name, request, async () => {
        await this.limits.countCall(request);
        const { parameters } = request;
        return this.octane.call<Answer>(operation, request, { body, parameters, timeLeftMs });
      }),
    );
  }

  /** @throws Problem; OctaneFailure for what Octane causes */
  async read<Body extends object, Answer>(
    operation: Read<Body, Answer>,
    request: OperationRequest,
    body?: Body,
  ): Promise<Answer> {
    await this.limits.countRequest(request);
    await this.limits.countCall(request);
    const { parameters } = request;
    return (await this.octane.call<Answer>(operation, request, { body, parameters })).answer;
  }
}
