import type { Answer } from './gateway.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What every answer of the API port carries. */
export function expectAnswerHeaders({ headers }: Answer, requestId: string | RegExp = UUID): void {
  expect(headers).toMatchObject({
    'x-request-id': typeof requestId === 'string' ? requestId : expect.stringMatching(requestId),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringMatching(/^default-src 'none';.* frame-ancestors 'none'$/),
  });
}

/**
 * A refusal, whole: status, headers, media type, and a body of which nothing but `rest` is left open.
 *
 * @param rest further members that the body must have, such as `outcome` and `retryable`
 */
export function expectProblem(
  answer: Answer,
  status: number,
  code: string,
  rest: Readonly<Record<string, unknown>> = {},
  requestId: string | RegExp = UUID,
): void {
  expect({ status: answer.status, body: answer.json }).toEqual({
    status,
    body: {
      type: `/problems/${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/\.$/),
      instance: answer.headers['x-request-id'],
      code,
      ...rest,
    },
  });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expectAnswerHeaders(answer, requestId);
}
