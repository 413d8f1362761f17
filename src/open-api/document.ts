import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Settings } from '../config/settings.ts';
import { DirectDebitDto } from '../direct-debit/dto/direct-debit.dto.ts';
import { explanationOf } from '../http/problem-pages.ts';
import { PROBLEMS } from '../problems/problems.ts';
import type { ProblemCode } from '../problems/problems.ts';
import { bodySchema } from '../validation/body-schema.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { validateBody } from '../validation/validate-body.ts';
import { DIRECT_DEBIT_ORDER_WORDS, DIRECT_DEBIT_SCHEMA, SET_DIRECT_DEBIT_WORDS } from './direct-debit.ts';
import { ANSWER_HEADERS, headerRefs, REQUEST_HEADERS } from './headers.ts';
import type { AnswerHeader } from './headers.ts';
import { OPERATIONS } from './operations.ts';
import type { Change, Operation } from './operations.ts';
import { PROBLEM_CODES, problemExample, problemSchemas, schemaName } from './problems.ts';

type OperationObject = Record<string, unknown>;

/** What may come of a counted request, or of a bad token, which is counted, too. */
const COUNTED: ReadonlySet<number> = new Set([200, 204, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504]);
/** What may be the first answer to a key, given again. */
const REPLAYED: ReadonlySet<number> = new Set([200, 204, 403, 404, 422, 502]);

/**
 * The API as OpenAPI 3.1: routes from the controllers, bodies from the rules in force, refusals from the table of problems.
 *
 * @throws Error when a route has no description
 */
export function makeDocument(
  app: INestApplication,
  { directDebitRules, publicUrl }: Pick<Settings, 'directDebitRules' | 'publicUrl'>,
): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, description(), {
    operationIdFactory: (controller, handler) => `${controller}.${handler}`,
  });
  const places = new Map<object, string>();
  for (const path of Object.values(document.paths)) {
    for (const scanned of Object.values(path) as OperationObject[]) {
      const handler = scanned['operationId'] as string;
      const operation = OPERATIONS[handler];
      if (!operation) throw new Error(`${handler} has no description`);
      places.set(path, handler);
      Object.assign(scanned, operationObject(operation));
    }
  }
  const order = Object.keys(OPERATIONS);
  const placeOf = (path: object): number => order.indexOf(places.get(path)!);
  return {
    ...document,
    paths: Object.fromEntries(
      Object.entries(document.paths).toSorted(([, one], [, other]) => placeOf(one) - placeOf(other)),
    ),
    servers: [{ url: publicUrl ?? '/', description: 'This gateway.' }],
    components: {
      schemas: schemas(),
      headers: ANSWER_HEADERS as never,
      parameters: { Custno: CUSTNO, ...REQUEST_HEADERS } as never,
      securitySchemes: document.components!.securitySchemes!,
    },
  };

  function operationObject(operation: Operation): OperationObject {
    const { operationId, tag, summary, description: words, answer } = operation;
    const change = 'scope' in operation ? operation : undefined;
    return {
      operationId,
      tags: [tag],
      summary,
      description: change ? `${words}\n\nNeeds the scope \`${change.scope}\`.` : words,
      security: change ? [{ accessToken: [change.scope] }] : [],
      parameters: parametersOf(operation),
      ...(change && { requestBody: requestBody(change) }),
      responses: {
        [answer.status]: {
          description: answer.description,
          headers: headerRefs(answerHeaders(answer.status, [], change)),
          ...(answer.content && { content: answer.content }),
        },
        ...problemResponses(operation),
      },
    };
  }

  function problemResponses(operation: Operation): Record<string, object> {
    const change = 'scope' in operation ? operation : undefined;
    const byStatus = Map.groupBy(operation.problems, (code) => PROBLEMS[code].status);
    const responses = [...byStatus].toSorted(([one], [other]) => one - other);
    return {
      ...Object.fromEntries(
        responses.map(([status, codes]) => [
          status,
          {
            description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
            headers: headerRefs(answerHeaders(status, codes, change)),
            content: problemContent(codes, change),
          },
        ]),
      ),
      default: {
        description:
          'What is no request to this operation: a fault of HTTP, such as 408, 414, 417, 501 or 505, with the code `invalid-request`; another path (404 `not-found`) or method (405 `method-not-allowed`).',
        headers: headerRefs(['X-Request-Id', 'Allow']),
        content: problemContent(['invalid-request', 'not-found', 'method-not-allowed'], undefined),
      },
    };
  }

  function problemContent(codes: readonly ProblemCode[], change: Change | undefined): object {
    const [only] = codes;
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
        ...(only !== undefined && {
          examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code, change)])),
        }),
      },
    };
  }

  function exampleOf(code: ProblemCode, change: Change | undefined): object {
    const refused = code === 'validation-failed' ? change?.body : undefined;
    const errors = refused && validateBody(refused.dto, refused.refused, directDebitRules).violations;
    return {
      summary: PROBLEMS[code].title,
      ...(refused && { description: `The answer to the body\n\n    ${JSON.stringify(refused.refused)}` }),
      value: problemExample(code, {
        publicUrl,
        repeatable: change?.repeatable ?? false,
        ...(errors && { errors }),
      }),
    };
  }

  function schemas(): Record<string, JsonSchema> {
    const { dto } = (OPERATIONS['DirectDebitController.set'] as Change).body;
    const { dto: emailDto } = (OPERATIONS['WelcomeEmailController.send'] as Change).body;
    return {
      SetDirectDebit: bodySchema(dto, directDebitRules, SET_DIRECT_DEBIT_WORDS),
      DirectDebitOrder: bodySchema(DirectDebitDto, directDebitRules, DIRECT_DEBIT_ORDER_WORDS),
      SendWelcomeEmail: bodySchema(emailDto, directDebitRules, {
        description: 'The body of Send Welcome Email: an object without properties.',
        fields: {},
      }),
      DirectDebitAnswer: {
        type: 'object',
        description: 'The answer of Set Customer Direct Debit.',
        properties: { directDebit: { $ref: '#/components/schemas/DirectDebit' } },
        required: ['directDebit'],
        additionalProperties: false,
      },
      DirectDebit: DIRECT_DEBIT_SCHEMA,
      ...problemSchemas(publicUrl),
      ...EXPLANATION_SCHEMAS,
    };
  }
}

function parametersOf(operation: Operation): object[] {
  if ('scope' in operation) {
    return ['Custno', ...Object.keys(REQUEST_HEADERS)].map((name) => ({
      $ref: `#/components/parameters/${name}`,
    }));
  }
  return operation.operationId === 'explainProblem' ? [CODE] : [];
}

function requestBody({ body }: Change): object {
  return {
    required: body.required,
    description: body.description,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${body.schema}` },
        examples: body.examples,
      },
    },
  };
}

function answerHeaders(
  status: number,
  codes: readonly ProblemCode[],
  change: Change | undefined,
): AnswerHeader[] {
  const waits = codes.some(
    (code) => PROBLEMS[code].retryAfterSeconds !== undefined || code === 'rate-limited',
  );
  return [
    'X-Request-Id',
    ...(waits ? (['Retry-After'] as const) : []),
    ...(change && COUNTED.has(status) ? (['RateLimit-Policy', 'RateLimit'] as const) : []),
    ...(change && REPLAYED.has(status) ? (['Idempotency-Replayed'] as const) : []),
    ...(change && (status === 401 || status === 403) ? (['WWW-Authenticate'] as const) : []),
  ];
}

const CUSTNO = {
  name: 'custno',
  in: 'path',
  required: true,
  description:
    'The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.',
  schema: { type: 'string', pattern: '^(me|[1-9][0-9]{0,9})$' },
  example: 'me',
};

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

function description(): Omit<OpenAPIObject, 'paths'> {
  return new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('octane-bff')
    .setDescription(
      [
        'The gateway in front of the Octane billing API: it sets a customer’s direct debit and sends the welcome email again, for callers that an OpenID provider vouches for.',
        '**Refusals** are problems (RFC 9457) in `application/problem+json`. Decide by `code`; `outcome` says what became of the change at Octane, and `retryable` whether the same request may be sent again as it is.',
        '**Every answer** has `X-Request-Id`, `Cache-Control: no-store` and `X-Content-Type-Options: nosniff`. Paths are exact: another case or a trailing slash is 404.',
        'The header lines of a request may have 16 KiB together, the access token 8 KiB, the body 16 KiB.',
      ].join('\n\n'),
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addTag('Direct debit', 'Set how a customer pays.')
    .addTag('Welcome email', 'Send the welcome email once more.')
    .addTag('Documentation', 'What anybody may read, without a token.')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'A signed access token (JWT) of an identity provider that the gateway knows, with the scope of the operation in `scope` or `scp`: `direct-debit:write` to set direct debits, `welcome-email:send` to send welcome emails. The gateway takes who calls, and for which customer, from the token alone.',
      },
      'accessToken',
    )
    .build();
}
