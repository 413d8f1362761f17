import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { GroupConfig } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { isRepeatable, methodOf, pathOf } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { packageVersion } from '../telemetry/metrics.ts';
import { TransportFailure } from '../outbound/exchange.ts';
import { Tracing } from '../telemetry/tracing.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';
import { isSuccess } from './octane-axios.ts';
import { OctaneFailure } from './octane-failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** Whom a call to Octane is for, and what it is found by in Octane's log. Nothing else of the app's request goes there. */
export interface OctaneRequest {
  readonly caller: { readonly issuer: string; readonly clientId: string; readonly groupno: string };
  readonly custno: string;
  /** The request id. */
  readonly id: string;
  /** The valid headers of W3C Trace Context that the app sent. */
  readonly trace: TraceHeaders;
}

/** A 2xx answer; its body is empty where nobody wanted it. */
export interface OctaneAnswer {
  readonly status: number;
  readonly body: string;
}

const USER_AGENT = `octane-bff/${packageVersion()}`;

/** The only place that knows HTTP to Octane: URL, credentials, and what each status and each broken connection means. */
@Injectable()
export class OctaneTransport {
  /** A group that was removed stays: a request whose caller belonged to it may still be under way. */
  private readonly groups = new Map<string, GroupConfig>();

  constructor(
    private readonly http: HttpService,
    gateway: LiveGatewayConfig,
    private readonly tracing: Tracing,
  ) {
    gateway.follow(({ groups }) => {
      for (const group of groups) this.groups.set(group.groupno, group);
    });
  }

  /**
   * Calls once.
   *
   * @param body goes out as JSON; undefined for none
   * @param timeoutMs until the whole answer is there
   * @throws OctaneFailure for everything but a 2xx
   */
  async call(
    operation: Operation,
    request: OctaneRequest,
    { body, timeoutMs }: { body: object | undefined; timeoutMs: number },
  ): Promise<OctaneAnswer> {
    const answer = await this.http.axiosRef
      .request<string>({
        method: methodOf(operation.octane),
        url: pathOf(operation.octane)
          .replace('{groupno}', request.caller.groupno)
          .replace('{custno}', request.custno),
        ...(body && { data: JSON.stringify(body) }),
        timeout: timeoutMs,
        sent: () => ({
          headers: this.headersOf(request, body),
          reads: operation.answer.reads,
          maxBytes: operation.answer.maxBytes,
          isRepeatable: isRepeatable(operation),
        }),
      })
      .catch((error: unknown) => {
        throw error instanceof TransportFailure ? explain(operation, error) : error;
      });
    this.tracing.answered(answer.status);
    if (!isSuccess(answer.status)) {
      throw refusal(operation, answer.status, retryAfterMs(answer.headers['retry-after']));
    }
    return { status: answer.status, body: answer.data };
  }

  private headersOf({ caller, id, trace }: OctaneRequest, body: object | undefined): Record<string, string> {
    const headers: Record<string, string> = {
      authorization: this.authorization(caller.groupno),
      ...(body && { 'content-type': 'application/json' }),
      accept: 'application/json',
      // A coding would save nothing on answers this short.
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
      'x-request-id': id,
    };
    const { traceparent, tracestate } = this.tracing.headers(trace);
    if (traceparent !== undefined) headers['traceparent'] = traceparent;
    if (tracestate !== undefined) headers['tracestate'] = tracestate;
    return headers;
  }

  private authorization(groupno: string): string {
    const group = this.groups.get(groupno);
    if (!group) throw new Error('a caller of a group that is not configured');
    return group.basicAuthorization();
  }
}

function explain(
  operation: Operation,
  { kind, status: octaneStatus, cause }: TransportFailure,
): OctaneFailure {
  const details = {
    fault: kind === 'unreadable' ? 'bad-answer' : kind,
    octaneStatus,
    // What came and was no HTTP has no better word.
    ...(cause !== undefined && kind !== 'not-http' && { cause: failureCause(cause) }),
  } as const;
  switch (kind) {
    case 'no-connection':
      return new OctaneFailure(operation, { code: 'octane-unreachable', outcome: 'not-sent', ...details });
    case 'stale-connection':
    case 'broken':
    case 'not-http':
      return new OctaneFailure(operation, { code: 'octane-error', outcome: 'unknown', ...details });
    case 'timeout':
      return new OctaneFailure(operation, { code: 'octane-timeout', outcome: 'unknown', ...details });
    case 'too-large':
    case 'unreadable':
      return new OctaneFailure(operation, {
        code: 'octane-contract-violation',
        outcome: 'applied',
        ...details,
      });
  }
}

function refusal(operation: Operation, octaneStatus: number, waitMs: number | undefined): OctaneFailure {
  const details = { fault: 'status', octaneStatus, retryAfterMs: waitMs } as const;
  switch (octaneStatus) {
    case 400:
    case 409:
    case 422:
      return new OctaneFailure(operation, { code: 'octane-rejected', outcome: 'rejected', ...details });
    case 401:
      return new OctaneFailure(operation, {
        code: 'octane-credentials-rejected',
        outcome: 'rejected',
        ...details,
      });
    case 403:
      return new OctaneFailure(operation, { code: 'octane-access-denied', outcome: 'rejected', ...details });
    case 404:
      return new OctaneFailure(operation, { code: 'customer-not-found', outcome: 'rejected', ...details });
    case 429:
      return new OctaneFailure(operation, { code: 'octane-unavailable', outcome: 'rejected', ...details });
    case 503:
      return new OctaneFailure(operation, { code: 'octane-unavailable', outcome: 'unknown', ...details });
    default: {
      const outcome = octaneStatus >= 300 && octaneStatus < 500 ? 'rejected' : 'unknown';
      return new OctaneFailure(operation, { code: 'octane-error', outcome, ...details });
    }
  }
}
