import { fileURLToPath } from 'node:url';
import { Catch, HttpException, Inject, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/tokens.ts';
import type { Settings } from '../config/settings.ts';
import { Operations } from '../operations/operations.ts';
import { Problem } from '../problems/problem.ts';
import { problemBody, withoutOutcome } from '../problems/problem-body.ts';
import { discardBody } from './json-body.ts';
import { RequestSlot } from './request-slot.ts';
import { RouteTable } from './route-table.ts';

/** The refusal that answered a request, for the log. */
export const refusal = new RequestSlot<Problem>('refusal');

/** The one place where whatever was thrown becomes the answer of RFC 9457. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl'>,
    private readonly routes: RouteTable,
    private readonly operations: Operations,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also for what Fastify refuses before Nest sees the request. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = this.translate(error, request);
    refusal.set(request, problem);
    discardBody(request, reply);
    void reply
      .status(problem.status)
      .headers(problem.headers)
      .header('content-type', 'application/problem+json')
      // Of our own, because Fastify's adds a charset, which this media type does not have.
      .serializer(JSON.stringify)
      .send(this.bodyOf(problem, request));
  }

  private bodyOf(problem: Problem, request: FastifyRequest): object {
    const body = problemBody(problem, request.id, this.settings.publicUrl);
    return this.isRead(request) ? withoutOutcome(body) : body;
  }

  private isRead({ method, routeOptions: { url } }: FastifyRequest): boolean {
    const operation = this.operations.at(method, url);
    // The routes of the customer links are no operations.
    return operation ? operation.kind === 'read' : method === 'GET' && url?.startsWith('/v1/') === true;
  }

  private translate(error: unknown, request: FastifyRequest): Problem {
    if (error instanceof Problem) return error;
    const status = statusOf(error);
    if (status === 404) return this.notFound(request);
    if (status !== undefined && status >= 400 && status < 500)
      return new Problem('invalid-request', { status });
    this.logger.error({ requestId: request.id, ...defectOf(error) }, 'request failed');
    return new Problem('internal-error');
  }

  private notFound(request: FastifyRequest): Problem {
    const allowed = this.routes.methodsOf(request.url);
    return allowed.length > 0
      ? new Problem('method-not-allowed', { headers: { allow: allowed.join(', ') } })
      : new Problem('not-found');
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof HttpException
    ? error.getStatus()
    : (error as Partial<FastifyError> | null)?.statusCode;
}

/** What a log may tell of a defect: its class, code, stack frames and, where it cannot hold a value, its message. */
export function defectOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '')
    .replace(error.message, () => '')
    .split('\n')
    .filter((line) => line.startsWith('    at '));
  return {
    error: error.name,
    code: (error as NodeJS.ErrnoException).code,
    reason: isOurs(error, frames[0]) || NOTHING_THERE.test(error.message) ? error.message : undefined,
    frames,
  };
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** V8's words for the most frequent defect: they name a property of the code and no value. */
const NOTHING_THERE =
  /^Cannot (?:read|set) properties of (?:undefined|null) \((?:reading|setting) '[A-Za-z_$][\w$]{0,39}'\)$/;

/**
 * Whether a `throw new Error('…')` of this gateway's code made it; those sentences hold no value. The message of any other error
 * may quote what the app sent: V8 does when JSON cannot be parsed, and packages do as they like.
 */
function isOurs({ name }: Error, topFrame = ''): boolean {
  const path = topFrame.replace('file://', '');
  const isOwnCode = ['src/', 'dist/'].some((folder) => path.includes(`${ROOT}${folder}`));
  return name === 'Error' && isOwnCode && !path.includes('dist/packages/');
}
