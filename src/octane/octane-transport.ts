import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { isRepeatable, methodOf } from '../operations/operation.ts';
import type { Forwarded, Operation } from '../operations/operation.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { packageVersion } from '../telemetry/metrics.ts';
import { TransportFailure } from '../outbound/exchange.ts';
import { Tracing } from '../telemetry/tracing.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';
import { CredentialsLockout } from './credentials-lockout.ts';
import { isSuccess } from './octane-axios.ts';
import { OctaneFailure } from './octane-failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** Whom a call to Octane is for, and what it is found by in Octane's log. Nothing else of the app's request goes there. */
export interface OctaneRequest {
  readonly caller: { readonly issuer: string; readonly clientId: string; readonly groupno: string };
  /** Empty for what belongs to no customer. */
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
  constructor(
    private readonly http: HttpService,
    private readonly credentials: CredentialsLockout,
    private readonly tracing: Tracing,
  ) {}

  /**
   * Calls once.
   *
   * @param timeoutMs until the whole answer is there
   * @throws OctaneFailure for everything but a 2xx
   */
  async call(
    operation: Operation,
    request: OctaneRequest,
    { path, body }: Forwarded,
    timeoutMs: number,
  ): Promise<OctaneAnswer> {
    const answer = await this.http.axiosRef
      .request<string>({
        method: methodOf(operation.octane),
        url: path,
        ...(body !== undefined && { data: body }),
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

  private headersOf({ caller, id, trace }: OctaneRequest, body: string | undefined): Record<string, string> {
    const authorization = this.credentials.authorizationOf(caller.groupno);
    if (authorization === undefined) throw new Error('a caller of a group that is not configured');
    const headers: Record<string, string> = {
      authorization,
      ...(body !== undefined && { 'content-type': 'application/json' }),
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
      return new OctaneFailure(operation, {
        code: operation.missing ?? 'customer-not-found',
        outcome: 'rejected',
        ...details,
      });
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
