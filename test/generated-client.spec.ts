import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Fetch } from '../clients/typescript/src/index.ts';

const run = promisify(execFile);

/** What a gateway's document says of operations that an operator opened, in short. */
const OPENED = {
  '/v1/customers/{custno}/payments': {
    post: operation('payment', {
      parameters: [parameter('custno', 'path'), key(true)],
      requestBody: json({ $ref: '#/components/schemas/pay.Payment' }, true),
      responses: { 204: { description: 'Paid.' } },
    }),
  },
  '/v1/customers/{custno}/services/{line-no}/data-pool': {
    get: operation('dataPool', {
      parameters: [
        parameter('custno', 'path'),
        parameter('line-no', 'path', { type: 'integer' }),
        parameter('since', 'query'),
        parameter('state', 'query', { type: 'array', items: { type: 'string', enum: ['IN', 'OUT'] } }),
      ],
      responses: { 200: json({ type: 'object', properties: { usage: { type: 'string' } } }) },
    }),
  },
  '/v1/service-qualifications': {
    post: operation('serviceQualification', {
      requestBody: json({ type: 'object', properties: { locationId: { type: 'string' } } }, true),
      responses: { 200: json({}) },
    }),
  },
};

const APP = `
import { createClient } from 'octane-bff-client';
import type { DataPoolAnswer, PaymentBody } from 'octane-bff-client';

const client = createClient({ baseUrl: 'https://api.example.com', token: () => 'token' });
const body: PaymentBody = { amount: 1 };
export const paid: boolean = (await client.payment('me', body, { idempotencyKey: 'key' })).replayed;
const pool = await client.dataPool('me', 1, { state: ['IN'] }, { timeoutMs: 1 });
export const usage: DataPoolAnswer['usage'] = pool.answer.usage;
export const anything: unknown = (await client.serviceQualification({ locationId: 'LOC' })).answer;
await client.dataPool(700123, '1');

// @ts-expect-error: nobody but the app can make this key
await client.payment('me', body);
// @ts-expect-error: no such state
await client.dataPool('me', 1, { state: ['AWAY'] });
// @ts-expect-error: a read has no key
await client.dataPool('me', 1, {}, { idempotencyKey: 'key' });
// @ts-expect-error: it is not open
client.setDirectDebit;
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octane-bff-client-'));
  const shipped = JSON.parse(await readFile('openapi.json', 'utf8')) as {
    paths: Record<string, { get?: object }>;
    components: { schemas: object };
  };
  const documentation = Object.entries(shipped.paths).filter(([path]) => !path.startsWith('/v1/'));
  const document = {
    ...shipped,
    paths: { ...OPENED, ...Object.fromEntries(documentation) },
    components: {
      ...shipped.components,
      schemas: {
        ...shipped.components.schemas,
        'pay.Payment': {
          type: 'object',
          properties: { amount: { type: 'number' } },
          required: ['amount'],
          additionalProperties: false,
        },
      },
    },
  };
  await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
  await generate('node_modules/octane-bff-client');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const generate = (out: string) =>
  run(process.execPath, [
    'scripts/generate-client.ts',
    '--from',
    join(folder, 'openapi.json'),
    '--out',
    join(folder, out),
  ]);

/** The package, as an app finds it, and the requests of its calls. Each answers with this. */
async function client(answer: { status: number; body?: unknown }) {
  const { createClient, isOctaneBffError } = (await import(
    join(folder, 'node_modules/octane-bff-client/dist/index.js')
  )) as typeof import('../clients/typescript/src/index.ts');
  const requests: { method: string; url: string; headers: Record<string, string>; body?: unknown }[] = [];
  const fetch: Fetch = async (url, { method, headers, body }) => {
    requests.push({ method, url, headers, ...(body !== undefined && { body: JSON.parse(body) as unknown }) });
    return {
      status: answer.status,
      headers: { get: () => null },
      text: async () => (answer.body === undefined ? '' : JSON.stringify(answer.body)),
    };
  };
  const methods = createClient({
    baseUrl: 'https://api.example.com',
    token: () => 'token',
    maxTries: 1,
    fetch,
  }) as unknown as Record<string, (...given: unknown[]) => Promise<object>>;
  return { methods, isOctaneBffError, requests };
}

describe('a client of the operations that an operator opened', () => {
  it('has them and no other', async () => {
    const { methods } = await client({ status: 204 });
    expect(Object.keys(methods)).toEqual(['payment', 'dataPool', 'serviceQualification']);
  });

  it('has types for them', async () => {
    await writeFile(join(folder, 'app.mts'), APP);
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes'];
    const target = ['--target', 'es2022', '--module', 'nodenext'];
    const compiler = resolve('node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, ...options, ...target, 'app.mts'], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('sends a body and the key of the app', async () => {
    const { methods, requests } = await client({ status: 204 });
    const receipt = await methods['payment']!(700123, { amount: 1 }, { idempotencyKey: 'of the app' });
    expect(receipt).toMatchObject({ idempotencyKey: 'of the app', replayed: false });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: 'https://api.example.com/v1/customers/700123/payments',
        headers: { 'idempotency-key': '"of the app"', 'content-type': 'application/json' },
        body: { amount: 1 },
      },
    ]);
  });

  it('makes no key where the app must have one, and sends nothing', async () => {
    const { methods, requests } = await client({ status: 204 });
    await expect(methods['payment']!('me', { amount: 1 })).rejects.toThrow(RangeError);
    expect(requests).toEqual([]);
  });

  it('puts each parameter in its place, encoded, and a list one by one', async () => {
    const { methods, requests } = await client({ status: 200, body: { usage: '1 GB' } });
    const read = await methods['dataPool']!('me', 'a/b', {
      since: '1 May',
      state: ['IN', 'OUT'],
      until: undefined,
    });
    expect(read).toMatchObject({ answer: { usage: '1 GB' }, requestId: expect.any(String) });
    const [request] = requests;
    expect(request).toMatchObject({
      method: 'GET',
      url: 'https://api.example.com/v1/customers/me/services/a%2Fb/data-pool?since=1%20May&state=IN&state=OUT',
    });
    expect(request).not.toHaveProperty('body');
    expect(request!.headers).not.toHaveProperty('idempotency-key');
  });

  it('knows no outcome of a read', async () => {
    const { methods, isOctaneBffError } = await client({ status: 502, body: 'Bad Gateway' });
    const error = await methods['serviceQualification']!({ locationId: 'LOC' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(isOctaneBffError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'unexpected-answer',
      outcome: undefined,
      idempotencyKey: undefined,
      retryable: true,
    });
  });

  it('is not written over another package', async () => {
    await writeFile(join(folder, 'package.json'), '{"name": "my-app"}');
    await expect(generate('.')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another package'),
    });
  });
});

function operation(operationId: string, rest: object): object {
  return { operationId, summary: operationId, security: [{ accessToken: ['x:y'] }], ...rest };
}

function parameter(name: string, place: 'path' | 'query', schema: object = { type: 'string' }): object {
  return { name, in: place, required: place === 'path', description: `The ${name}.`, schema };
}

function key(required: boolean): object {
  return { name: 'Idempotency-Key', in: 'header', required, schema: { type: 'string' } };
}

function json(schema: object, required?: boolean): object {
  return { description: 'JSON.', ...(required && { required }), content: { 'application/json': { schema } } };
}
