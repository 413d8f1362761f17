import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Settings } from '../config/settings.ts';
import { explanationOf } from '../problems/problem-pages.ts';
import { methodOf, pathOf } from '../operations/operation.ts';
import type { BodyOf, Change, Operation } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import { PROBLEMS } from '../problems/catalogue.ts';
import type { ProblemCode } from '../problems/catalogue.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import type { Violation } from '../validation/validate-body.ts';
import { ANSWER_HEADERS, headerRefs, REQUEST_HEADERS } from './headers.ts';
import type { AnswerHeader } from './headers.ts';
import {
  CUSTNO,
  describe,
  DOCUMENTATION,
  LINKS,
  LINKS_SCHEMAS,
  LINKS_TAG_WORDS,
  schemasOf,
} from './operations.ts';
import type { DescribedRoute } from './operations.ts';
import { PROBLEM_CODES, problemExample, problemSchemas, schemaName } from './problems.ts';

type OperationObject = Record<string, unknown>;

/** What may come of a counted request, or of a bad token, which is counted, too. */
const COUNTED: ReadonlySet<number> = new Set([200, 204, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504]);
const OF_KEPT_ANSWERS = ['X-Cache', 'Age'] as const;
const isKept = (operation: Operation): boolean =>
  operation.kind === 'read' && operation.cacheSeconds !== undefined;
/** What decides how its refusals look. */
type RefusedRoute = Pick<DescribedRoute, 'operation' | 'isRead'>;
/** What may be the first answer to a key, given again. */
const REPLAYED: ReadonlySet<number> = new Set([200, 204, 403, 404, 422, 502]);

/**
 * The API as OpenAPI 3.1: routes from the controllers, bodies from the rules in force, refusals from the table of problems.
 *
 * @throws Error when a route has no description
 */
export function makeDocument(app: INestApplication, settings: Settings): OpenAPIObject {
  const { publicUrl } = settings;
  const { all } = app.get(Operations, { strict: false });
  const document = SwaggerModule.createDocument(app, description(all), {
    operationIdFactory: (controller, handler) => `${controller}.${handler}`,
  });
  const described = new Map(
    all.map((operation) => [
      `${methodOf(operation.route).toLowerCase()} ${pathOf(operation.route)}`,
      describe(operation, settings),
    ]),
  );
  // The start page is for browsers.
  const api = Object.entries(document.paths).filter(([path]) => path !== '/');
  const routes = api.flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, OperationObject>).map(([method, scanned]) => {
      const handler = scanned['operationId'] as string;
      const route = described.get(`${method} ${path}`) ?? LINKS[handler] ?? DOCUMENTATION[handler];
      if (!route) throw new Error(`${handler} has no description`);
      return { path, method, route, object: { ...scanned, ...operationObject(route) } };
    }),
  );
  const order = [...described.values(), ...Object.values(LINKS), ...Object.values(DOCUMENTATION)];
  const inOrder = routes.toSorted((one, other) => order.indexOf(one.route) - order.indexOf(other.route));
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, object } of inOrder) paths[path] = { ...paths[path], [method]: object };
  return {
    ...document,
    paths,
    servers: [{ url: publicUrl ?? '/', description: 'This gateway.' }],
    components: {
      schemas: schemas(),
      headers: usedHeaders() as never,
      parameters: { Custno: CUSTNO, ...REQUEST_HEADERS } as never,
      securitySchemes: document.components!.securitySchemes!,
    },
  };

  function operationObject(route: DescribedRoute): OperationObject {
    const { operationId, tag, summary, description: words, answer, operation, scope } = route;
    return {
      operationId,
      tags: [tag],
      summary,
      description: words,
      security: scope ? [{ accessToken: [scope] }, { boundAccessToken: [scope] }] : [],
      parameters: parametersOf(route),
      ...(operation?.body && { requestBody: requestBody(operation.body) }),
      responses: {
        [answer.status]: {
          description: answer.description,
          headers: headerRefs(answerHeaders(answer.status, [], route)),
          ...(answer.content && { content: answer.content }),
        },
        ...problemResponses(route),
      },
    };
  }

  function requestBody(body: BodyOf<object>): object {
    const [name] = Object.keys(body.schemas(settings));
    return {
      required: body.required,
      description: body.description,
      content: {
        'application/json': {
          schema: { $ref: `#/components/schemas/${name}` },
          examples: body.examples,
        },
      },
    };
  }

  function problemResponses(route: DescribedRoute): Record<string, object> {
    const { problems } = route;
    const byStatus = Map.groupBy(problems, (code) => PROBLEMS[code].status);
    const responses = [...byStatus].toSorted(([one], [other]) => one - other);
    return {
      ...Object.fromEntries(
        responses.map(([status, codes]) => [
          status,
          {
            description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
            headers: headerRefs(answerHeaders(status, codes, route)),
            content: problemContent(codes, route),
          },
        ]),
      ),
      default: {
        description:
          'A request that reaches no operation: a fault of HTTP, such as 408, 414, 417, 501 or 505 (`invalid-request`), an unknown path (404 `not-found`) or a wrong method (405 `method-not-allowed`).',
        headers: headerRefs(['X-Request-Id', 'Allow']),
        content: problemContent(OF_NO_OPERATION, {}),
      },
    };
  }

  function problemContent(codes: readonly ProblemCode[], route: RefusedRoute): object {
    const refs = codes.map((code) => `#/components/schemas/${schemaName(code)}`);
    return {
      'application/problem+json': {
        schema:
          codes.length === 1
            ? { $ref: refs[0] }
            : {
                oneOf: refs.map(($ref) => ({ $ref })),
                discriminator: {
                  propertyName: 'code',
                  mapping: Object.fromEntries(codes.map((code, index) => [code, refs[index]])),
                },
              },
        examples: Object.fromEntries(codes.flatMap((code) => exampleOf(code, route))),
      },
    };
  }

  function exampleOf(code: ProblemCode, { operation, isRead }: RefusedRoute): [ProblemCode, object][] {
    const { refused, errors } = code === 'validation-failed' && operation ? refusalBy(operation) : {};
    // Whatever they are, some parameters are good.
    if (errors?.length === 0) return [];
    const example = {
      summary: PROBLEMS[code].title,
      ...(refused !== undefined && { description: `The answer to the body\n\n    ${refused}` }),
      value: problemExample(code, { publicUrl, operation, isRead, ...(errors && { errors }) }),
    };
    return [[code, example]];
  }

  /** How rules are refused that the body breaks, or empty parameters where there is no body. */
  function refusalBy({ body, parameters }: Operation): { refused?: string; errors?: readonly Violation[] } {
    if (!body) {
      const empty = parameters?.objects.map(({ name }) => [name as string, '']) ?? [];
      return { errors: parameters?.read(Object.fromEntries(empty)).violations ?? [] };
    }
    const refused = JSON.stringify(body.refused);
    return { refused, errors: body.read(body.refused, settings, refused).violations ?? [] };
  }

  /** Those that some answer of this document has. */
  function usedCodes(): ProblemCode[] {
    const used = new Set([...routes.flatMap(({ route }) => route.problems), ...OF_NO_OPERATION]);
    return PROBLEM_CODES.filter((code) => used.has(code));
  }

  function usedHeaders(): object {
    if (all.some(isKept)) return ANSWER_HEADERS;
    const isOfKept = (name: string): boolean => OF_KEPT_ANSWERS.some((each) => each === name);
    return Object.fromEntries(Object.entries(ANSWER_HEADERS).filter(([name]) => !isOfKept(name)));
  }

  function schemas(): Record<string, JsonSchema> {
    return {
      ...Object.assign({}, ...all.map((operation) => schemasOf(operation, settings))),
      ...problemSchemas(publicUrl, { operations: all, codes: usedCodes() }),
      ...LINKS_SCHEMAS,
      ...EXPLANATION_SCHEMAS,
    };
  }
}

function parametersOf({ operation, operationId, parameters }: DescribedRoute): object[] {
  if (parameters) return [...parameters, parameterRef('XRequestId')];
  if (!operation) return operationId === 'explainProblem' ? [CODE] : [];
  return [
    ...(operation.customers === 'none' ? [] : [parameterRef('Custno')]),
    ...(operation.parameters?.objects ?? []),
    ...(operation.kind === 'change' ? [idempotencyKeyOf(operation)] : []),
    ...['DPoP', 'XRequestId', 'Traceparent', 'Tracestate'].map(parameterRef),
  ];
}

const parameterRef = (name: string) => ({ $ref: `#/components/parameters/${name}` });

function idempotencyKeyOf({ key, keyHours = 24 }: Change): object {
  if (key === 'optional' && keyHours === 24) return parameterRef('IdempotencyKey');
  const { description: words, ...rest } = REQUEST_HEADERS.IdempotencyKey;
  return {
    ...rest,
    required: key === 'required',
    description: words.replace('24 hours', keyHours === 1 ? 'an hour' : `${keyHours} hours`),
  };
}

function answerHeaders(
  status: number,
  codes: readonly ProblemCode[],
  { operation, scope }: Pick<DescribedRoute, 'operation' | 'scope'>,
): AnswerHeader[] {
  const waits = codes.some(
    (code) => PROBLEMS[code].retryAfterSeconds !== undefined || code === 'rate-limited',
  );
  return [
    'X-Request-Id',
    ...(waits ? (['Retry-After'] as const) : []),
    ...(scope && COUNTED.has(status) ? (['RateLimit-Policy', 'RateLimit'] as const) : []),
    ...(operation?.kind === 'change' && REPLAYED.has(status) ? (['Idempotency-Replayed'] as const) : []),
    ...(operation && status === operation.answer.status && isKept(operation) ? OF_KEPT_ANSWERS : []),
    ...(scope && (status === 401 || status === 403) ? (['WWW-Authenticate'] as const) : []),
  ];
}

/** What a request gets that no operation takes. */
const OF_NO_OPERATION: readonly ProblemCode[] = ['invalid-request', 'not-found', 'method-not-allowed'];

const CODE = {
  name: 'code',
  in: 'path',
  required: true,
  description: 'The `code` of a problem.',
  schema: { $ref: '#/components/schemas/ProblemCode' },
  example: 'octane-timeout',
};

const EXPLANATION_SCHEMAS: Record<string, JsonSchema> = {
  ProblemExplanations: {
    type: 'object',
    description: 'All problems.',
    properties: {
      problems: {
        type: 'array',
        description: 'One for each code.',
        items: { $ref: '#/components/schemas/ProblemExplanation' },
        minItems: PROBLEM_CODES.length,
        maxItems: PROBLEM_CODES.length,
      },
    },
    required: ['problems'],
  },
  ProblemExplanation: {
    type: 'object',
    description: 'What a problem means and what to do about it.',
    properties: {
      code: { $ref: '#/components/schemas/ProblemCode' },
      status: {
        type: 'integer',
        description: 'The status that it comes with.',
        minimum: 400,
        maximum: 599,
      },
      title: { type: 'string', description: 'The kind of problem.' },
      meaning: { type: 'string', description: 'What has happened.' },
      action: { type: 'string', description: 'What the app should do.' },
    },
    required: ['code', 'status', 'title', 'meaning', 'action'],
    examples: [explanationOf('octane-timeout')],
  },
};

function description(operations: readonly Operation[]): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('octane-bff')
    .setDescription(
      [
        'The gateway in front of the Octane billing API, for callers with an access token of an OpenID provider.',
        '**Errors** are problems (RFC 9457) in `application/problem+json`. Handle them by `code`. `outcome` says what happened to the change at Octane. `retryable` says whether you may send the same request again, unchanged.',
        '**Every answer** has `X-Request-Id`, `Cache-Control: no-store` and `X-Content-Type-Options: nosniff`. Paths are exact: another case or a trailing slash is 404.',
        'All header lines of a request together may have at most 16 KiB, the access token 8 KiB, and the body 16 KiB.',
      ].join('\n\n'),
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'A signed access token (JWT) from an identity provider that the gateway knows, with the scope of the operation in `scope` or `scp`. The gateway knows the caller and the customer from the token only.',
      },
      'accessToken',
    )
    .addSecurity('boundAccessToken', {
      type: 'http',
      scheme: 'DPoP',
      bearerFormat: 'JWT',
      description:
        'An access token that is bound to a key of the app (`cnf.jkt`), with a proof of that key in the header `DPoP` (RFC 9449).',
    });
  const tags = new Map(operations.map(({ words: { tag } }) => [tag.name, tag.description]));
  for (const [name, meaning] of tags) builder.addTag(name, meaning);
  builder.addTag(LINKS_TAG_WORDS.name, LINKS_TAG_WORDS.description);
  return builder.addTag('Documentation', 'Pages that anybody can read without a token.').build();
}
