import { Injectable } from '@nestjs/common';
import { Journal } from '../journal/journal.ts';
import { Limits } from '../limits/limits.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import type { Sending } from '../octane/octane-client.ts';
import type { Change, Operation, Read } from '../operations/operation.ts';
import type { OperationRequest } from './operation-request.ts';
import { requireOwned } from './ownership.ts';
import { SharedReads } from './shared-reads.ts';
import type { Given } from './shared-reads.ts';

/** Steps 5 to 8 of a request, in run order: what happens behind the controller, for every operation. */
@Injectable()
export class Dispatch {
  constructor(
    private readonly limits: Limits,
    private readonly journal: Journal,
    private readonly reads: SharedReads,
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
        const { parameters } = request;
        const deadline = operation.ownedBy && (await this.requireOwned(operation, request, body));
        await this.limits.countCall(request);
        this.reads.changeLeaves(request);
        try {
          return await this.octane.call<Answer>(operation, request, {
            body,
            parameters,
            timeLeftMs,
            deadline,
          });
        } finally {
          this.reads.changeEnded(request);
        }
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
    const { parameters } = request;
    // Of this request, also where it joins the call of another one and then needs one of its own.
    const deadline = operation.ownedBy
      ? await this.requireOwned(operation, request, body)
      : this.octane.deadline();
    const { answer, ageMs } = await this.share(operation, request, { body, parameters, deadline });
    if (operation.cacheSeconds !== undefined) request.tellCache(ageMs);
    return answer as Answer;
  }

  /** @returns until when the call may take, by `performance.now()`: what is asked first is part of its time */
  private async requireOwned(
    operation: Operation,
    request: OperationRequest,
    body: object | undefined,
  ): Promise<number> {
    const deadline = this.octane.deadline();
    const sending = { body: undefined, parameters: {}, deadline };
    await requireOwned(operation, { parameters: request.parameters, body }, async (read) =>
      operation.kind === 'change'
        ? this.ask(read, request, sending)
        : (await this.share(read, request, sending)).answer,
    );
    return deadline;
  }

  private share(operation: Read, request: OperationRequest, sending: Sending): Promise<Given> {
    return this.reads.ask(operation, request, sending, () => this.ask(operation, request, sending));
  }

  private async ask(operation: Read, request: OperationRequest, sending: Sending): Promise<unknown> {
    await this.limits.countCall(request);
    return (await this.octane.call(operation, request, sending)).answer;
  }
}
