import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { GroupConfig } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { packageVersion } from '../telemetry/metrics.ts';
import { TransportFailure } from '../outbound/exchange.ts';
import { Tracing } from '../telemetry/tracing.ts';
import type { Correlation } from './correlation.ts';
import { isRepeatable, OctaneFailure } from './octane-failure.ts';
import type { Operation } from './octane-failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** One call to Octane. Nothing of the app's request is in it but what its validated parts gave. */
export interface OctaneCall {
  readonly operation: Operation;
  readonly groupno: string;
  readonly custno: string;
  readonly body: object;
  readonly correlation: Correlation;
  /** The one status whose body is wanted. */
  readonly readBodyOf?: number;
}

/** A 2xx answer; its body is empty where nobody wanted it. */
export interface OctaneAnswer {
  readonly status: number;
  readonly body: string;
}

const PATHS: Readonly<Record<Operation, string>> = {
  'direct-debit': 'direct-debit',
  'welcome-email': 'send-welcome-email',
};
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
   * @param timeoutMs until the whole answer is there
   * @throws OctaneFailure for everything but a 2xx
   */
  async post(call: OctaneCall, timeoutMs: number): Promise<OctaneAnswer> {
    const { operation, groupno, custno, readBodyOf } = call;
    const answer = await this.http.axiosRef
      .request<string>({
        method: 'POST',
        url: `/v1/group/${groupno}/customer/${custno}/${PATHS[operation]}`,
        data: JSON.stringify(call.body),
        timeout: timeoutMs,
        headers: this.headersOf(call),
        isRepeatable: isRepeatable(operation),
        ...(readBodyOf !== undefined && { readBodyOf }),
      })
      .catch((error: unknown) => {
        throw error instanceof TransportFailure ? explain(operation, error) : error;
      });
    this.tracing.answered(answer.status);
    if (answer.status < 200 || answer.status > 299) {
      throw refusal(operation, answer.status, retryAfterMs(answer.headers['retry-after']));
    }
    return { status: answer.status, body: answer.data };
  }

  private headersOf({ groupno, correlation }: OctaneCall): Record<string, string> {
    const headers: Record<string, string> = {
      authorization: this.authorization(groupno),
      'content-type': 'application/json',
      accept: 'application/json',
      // A coding would save nothing on answers this short.
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
      'x-request-id': correlation.requestId,
    };
    const { traceparent, tracestate } = this.tracing.headers(correlation);
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
      return new OctaneFailure(operation, 'octane-unreachable', 'not-sent', details);
    case 'stale-connection':
    case 'broken':
    case 'not-http':
      return new OctaneFailure(operation, 'octane-error', 'unknown', details);
    case 'timeout':
      return new OctaneFailure(operation, 'octane-timeout', 'unknown', details);
    case 'too-large':
    case 'unreadable':
      return new OctaneFailure(operation, 'octane-contract-violation', 'applied', details);
  }
}

function refusal(operation: Operation, octaneStatus: number, waitMs: number | undefined): OctaneFailure {
  const details = { fault: 'status', octaneStatus, retryAfterMs: waitMs } as const;
  switch (octaneStatus) {
    case 400:
    case 409:
    case 422:
      return new OctaneFailure(operation, 'octane-rejected', 'rejected', details);
    case 401:
      return new OctaneFailure(operation, 'octane-credentials-rejected', 'rejected', details);
    case 403:
      return new OctaneFailure(operation, 'octane-access-denied', 'rejected', details);
    case 404:
      return new OctaneFailure(operation, 'customer-not-found', 'rejected', details);
    case 429:
      return new OctaneFailure(operation, 'octane-unavailable', 'rejected', details);
    case 503:
      return new OctaneFailure(operation, 'octane-unavailable', 'unknown', details);
    default: {
      const outcome = octaneStatus >= 300 && octaneStatus < 500 ? 'rejected' : 'unknown';
      return new OctaneFailure(operation, 'octane-error', outcome, details);
    }
  }
}
