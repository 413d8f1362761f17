import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import type { GatewayConfig, GroupConfig } from '../config/gateway-file.ts';
import type { Settings } from '../config/settings.ts';
import { GATEWAY_CONFIG, SETTINGS } from '../config/tokens.ts';
import type { Correlation } from './correlation.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { Operation } from './octane-failure.ts';
import { TransportFailure } from './undici-adapter.ts';

/** One call to Octane. Nothing of the app's request is in it but what its validated parts gave. */
export interface OctaneCall {
  readonly operation: Operation;
  readonly groupno: string;
  readonly custno: string;
  readonly body: object;
  readonly correlation: Correlation;
}

const PATHS: Readonly<Record<Operation, string>> = {
  'direct-debit': 'direct-debit',
  'welcome-email': 'send-welcome-email',
};

/** The only place that knows HTTP to Octane: URL, credentials, time budget, and what each status means. */
@Injectable()
export class OctaneTransport {
  private readonly groups: ReadonlyMap<string, GroupConfig>;

  constructor(
    private readonly http: HttpService,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(GATEWAY_CONFIG) gateway: GatewayConfig,
  ) {
    this.groups = new Map(gateway.groups.map((group) => [group.groupno, group]));
  }

  /**
   * @param readBodyOf the one status whose body is wanted
   * @returns a 2xx answer; its body is empty where nobody wanted it
   * @throws OctaneFailure for everything else
   */
  async post(call: OctaneCall, readBodyOf?: number): Promise<{ status: number; body: string }> {
    const { operation, groupno, custno, correlation } = call;
    const answer = await this.http.axiosRef
      .request<string>({
        method: 'POST',
        url: `/v1/group/${groupno}/customer/${custno}/${PATHS[operation]}`,
        data: JSON.stringify(call.body),
        timeout: this.settings.octaneTimeoutMs,
        headers: {
          authorization: this.authorization(groupno),
          'content-type': 'application/json',
          accept: 'application/json',
          'x-request-id': correlation.requestId,
          ...(correlation.traceparent !== undefined && { traceparent: correlation.traceparent }),
          ...(correlation.tracestate !== undefined && { tracestate: correlation.tracestate }),
        },
        ...(readBodyOf !== undefined && { readBodyOf }),
      })
      .catch((error: unknown) => {
        throw error instanceof TransportFailure ? explain(operation, error) : error;
      });
    if (answer.status < 200 || answer.status > 299) throw refusal(operation, answer.status);
    return { status: answer.status, body: answer.data };
  }

  private authorization(groupno: string): string {
    const group = this.groups.get(groupno);
    if (!group) throw new Error('a caller of a group that is not configured');
    return group.basicAuthorization();
  }
}

function explain(operation: Operation, { kind, status }: TransportFailure): OctaneFailure {
  switch (kind) {
    case 'no-connection':
      return new OctaneFailure(operation, 'octane-unreachable', 'not-sent');
    case 'broken':
      return new OctaneFailure(operation, 'octane-error', 'unknown', status);
    case 'timeout':
      return new OctaneFailure(operation, 'octane-timeout', 'unknown', status);
    case 'too-large':
      return new OctaneFailure(operation, 'octane-contract-violation', 'applied', status);
  }
}

function refusal(operation: Operation, status: number): OctaneFailure {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return new OctaneFailure(operation, 'octane-rejected', 'rejected', status);
    case 401:
      return new OctaneFailure(operation, 'octane-credentials-rejected', 'rejected', status);
    case 403:
      return new OctaneFailure(operation, 'octane-access-denied', 'rejected', status);
    case 404:
      return new OctaneFailure(operation, 'customer-not-found', 'rejected', status);
    case 429:
      return new OctaneFailure(operation, 'octane-unavailable', 'rejected', status);
    case 503:
      return new OctaneFailure(operation, 'octane-unavailable', 'unknown', status);
    default:
      return new OctaneFailure(
        operation,
        'octane-error',
        status >= 300 && status < 500 ? 'rejected' : 'unknown',
        status,
      );
  }
}
