/** The job in Fastify, as its documentation would have it: no cross-field rules, no journal, no limits, no log. */
import { readFileSync } from 'node:fs';
import { createVerifier, TokenError } from 'fast-jwt';
import { fastify } from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'undici';

const { PORT, OCTANE_ORIGIN, OCTANE_PATH, OCTANE_USERNAME, OCTANE_PASSWORD } = process.env;
const { PUBLIC_KEY_FILE, ISSUER, AUDIENCE, CALLERS, REMEMBERED_TOKENS } = process.env;

interface Claims {
  readonly client_id?: string;
  readonly scope?: string;
}

const groupByClient = new Map(Object.entries(JSON.parse(CALLERS!) as Record<string, string>));
const authorization = `Basic ${Buffer.from(`${OCTANE_USERNAME}:${OCTANE_PASSWORD}`).toString('base64')}`;
const pool = new Pool(OCTANE_ORIGIN!, { connections: 64 });
const verify = createVerifier({
  key: readFileSync(PUBLIC_KEY_FILE!, 'utf8'),
  algorithms: ['RS256'],
  allowedIss: ISSUER!,
  allowedAud: AUDIENCE!,
  requiredClaims: ['exp', 'sub'],
  cache: Number(REMEMBERED_TOKENS),
});

const app = fastify();
app.decorateRequest('groupno', '');

declare module 'fastify' {
  interface FastifyRequest {
    groupno: string;
  }
}

async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() !== 'bearer' || !token) return reply.code(401).send({ code: 'no token' });
  let claims: Claims;
  try {
    claims = verify(token) as Claims;
  } catch (error) {
    if (error instanceof TokenError) return reply.code(401).send({ code: 'bad token' });
    throw error;
  }
  const groupno = groupByClient.get(claims.client_id ?? '');
  const isPermitted = claims.scope?.split(' ').includes('direct-debit:write');
  if (groupno === undefined || !isPermitted) return reply.code(403).send({ code: 'forbidden' });
  request.groupno = groupno;
  return undefined;
}

const schema = {
  params: {
    type: 'object',
    properties: { custno: { type: 'string', pattern: '^[1-9][0-9]{0,9}$' } },
  },
  body: {
    type: 'object',
    required: ['directDebit'],
    additionalProperties: false,
    properties: {
      directDebit: {
        type: 'object',
        required: ['directDebitType', 'ddNotificationFlag'],
        additionalProperties: false,
        properties: {
          directDebitType: { enum: ['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF'] },
          ddNotificationFlag: { enum: ['Y', 'N'] },
          ddNotificationEmail: { type: 'string', format: 'email', maxLength: 254 },
          ddPaymentDay: { type: 'string', minLength: 1, maxLength: 16 },
          ddSpecialPaymentPeriod: { enum: ['wk', 'fn', 'mn'] },
          ddSpecialPaymentMethod: { enum: ['ST', 'SO'] },
          ddSpecialPaymentAmount: { type: 'number', exclusiveMinimum: 0, maximum: 9_999_999.99 },
          ddSpecialDayOfWeek: { type: 'integer', minimum: 1, maximum: 7 },
          ddSpecialStartDate: { type: 'string', format: 'date-time' },
          ddSpecialEndDate: { type: 'string', format: 'date-time' },
          ddSpecialRequiredCount: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
        },
      },
    },
  },
};

app.post<{ Params: { custno: string }; Body: object }>(
  '/v1/customers/:custno/direct-debit',
  { schema, onRequest: authenticate },
  async (request, reply) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `${OCTANE_PATH}/v1/group/${request.groupno}/customer/${request.params.custno}/direct-debit`,
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(request.body),
    });
    return reply
      .code(statusCode)
      .type('application/json')
      .send(await body.text());
  },
);

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
