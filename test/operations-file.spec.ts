import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { OPERATIONS } from '../src/app.module.ts';
import { ConfigurationError } from '../src/config/configuration-error.ts';
import { answerTo } from '../src/described/cli.ts';
import { readOperationsFile } from '../src/described/operations-file.ts';
import type { OperationsFile } from '../src/described/operations-file.ts';

type Json = Record<string, any>;

/** A document with an operation for each kind of fault. */
const DOCUMENT = {
  openapi: '3.0.1',
  paths: {
    '/v1/group/{groupno}/customer/{custno}/transaction/payment/': {
      post: {
        summary: 'Make Payment',
        parameters: [
          { name: 'groupno', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'custno', in: 'path', required: true, schema: { type: 'integer' } },
        ],
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: {
                  transactionType: { type: 'string', enum: ['P'] },
                  amount: { type: 'number' },
                  details: { type: 'object', properties: { note: { type: 'string' } } },
                },
                required: ['transactionType', 'amount'],
              },
            },
          },
        },
        responses: { 200: { description: 'Done', content: { 'application/json': { schema: {} } } } },
      },
    },
    '/v1/datapool': {
      get: {
        summary: 'Get Data Pool',
        parameters: [
          { name: 'custno', in: 'query', required: true, schema: { type: 'integer' } },
          { name: 'lineseqno', in: 'query', required: true, schema: { type: 'integer' } },
        ],
        responses: {
          200: {
            description: 'The pool',
            content: {
              'application/json': {
                schema: { type: 'object', properties: { dataUsage: { type: 'string' } } },
              },
            },
          },
        },
      },
    },
    '/v1/group/{groupno}/customer/{custno}/services': {
      get: {
        responses: {
          200: {
            description: 'The services',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    services: {
                      type: 'array',
                      items: { type: 'object', properties: { lineSeqNo: { type: 'integer' } } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    '/v1/group/{groupno}/customer/{custno}/notes/{id}': {
      delete: {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 204: { description: 'Gone' } },
      },
    },
  },
};

const PAYMENT = {
  name: 'payment',
  octane: 'POST /v1/group/{groupno}/customer/{custno}/transaction/payment/',
  route: 'POST /v1/customers/{custno}/payments',
  scope: 'payment:take',
  effect: 'change',
  fixed: { '/transactionType': 'P' },
  answer: 'none',
};
const DATA_POOL = {
  name: 'data-pool',
  octane: 'GET /v1/datapool',
  route: 'GET /v1/customers/{custno}/services/{lineseqno}/data-pool',
  customer: { query: 'custno' },
  scope: 'data-pool:read',
  effect: 'read',
};
const SERVICES = {
  name: 'services',
  octane: 'GET /v1/group/{groupno}/customer/{custno}/services',
  route: 'GET /v1/customers/{custno}/services',
  scope: 'services:read',
  effect: 'read',
};
const NOTE = {
  name: 'note',
  octane: 'DELETE /v1/group/{groupno}/customer/{custno}/notes/{id}',
  route: 'DELETE /v1/customers/{custno}/notes/{id}',
  scope: 'note:delete',
  effect: 'change',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octane-bff-operations-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    typeof content === 'string' || content instanceof Uint8Array ? content : stringify(content),
  );
  return path;
}

function load(
  entries: readonly unknown[],
  documents: Json = { 'octane/all.yaml': DOCUMENT },
): OperationsFile {
  for (const [name, content] of Object.entries(documents)) write(name, content);
  return readContent({ documents: ['octane/'], operations: entries });
}

function readContent(content: unknown, name = 'operations.yaml'): OperationsFile {
  return readOperationsFile(write(name, content), { journalRetentionDays: 400 }, OPERATIONS);
}

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const expected = (fault: string | RegExp): unknown =>
  typeof fault === 'string' ? fault : expect.stringMatching(fault);

/** A copy of the document, changed. */
function changed(change: (document: Json) => void): Json {
  const document = structuredClone(DOCUMENT) as Json;
  change(document);
  return { 'octane/all.yaml': document };
}

const bodyOf = (document: Json): Json =>
  document['paths']['/v1/group/{groupno}/customer/{custno}/transaction/payment/'].post.requestBody.content;
const schemaOf = (document: Json): Json => bodyOf(document)['application/json'].schema;
const poolOf = (document: Json): Json => document['paths']['/v1/datapool'].get;

describe('the operations file', () => {
  it('opens what it lists, in its order, and nothing else', () => {
    const { operations, notes } = load([DATA_POOL, { name: 'welcome-email' }, PAYMENT, SERVICES, NOTE]);
    expect(operations.map(({ operation }) => operation.name)).toEqual([
      'data-pool',
      'welcome-email',
      'payment',
      'services',
      'note',
    ]);
    expect(notes).toEqual([]);
  });

  it('needs no documents for what has its rules in code', () => {
    expect(readContent({ operations: [{ name: 'direct-debit' }] }).operations).toHaveLength(1);
  });

  it('says how a user must have logged in, also for what has its rules in code', () => {
    const login = { requireAcr: ['urn:strong'], maxAuthAgeSeconds: 300 };
    const { operations } = load([{ name: 'direct-debit', ...login }, { ...NOTE, ...login }, SERVICES]);
    expect(operations.map(({ operation }) => operation)).toMatchObject([login, login, {}]);
    expect(operations[2]!.operation).not.toHaveProperty('requireAcr');
  });

  it('may be JSON', () => {
    write('octane/all.yaml', DOCUMENT);
    const content = JSON.stringify({ documents: ['octane'], operations: [PAYMENT] });
    expect(readContent(content, 'operations.json').operations).toHaveLength(1);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['empty', '', ['OPERATIONS_FILE: must hold a mapping with documents and operations']],
    ['a list', [], ['OPERATIONS_FILE: must hold a mapping with documents and operations']],
    ['without operations', { documents: ['octane'] }, ['operations: is required']],
    ['with no operation', { operations: [] }, ['operations: must be a list of at least one entry']],
    [
      'with something else',
      { document: ['octane'], operations: [{ name: 'direct-debit' }] },
      ['document: unknown property: did you mean documents?'],
    ],
    ['no YAML', 'operations: [', [expect.stringMatching(/^OPERATIONS_FILE: not valid YAML at line 1/)]],
    [
      'with a name twice',
      'operations: [{ name: welcome-email }]\noperations: []\n',
      ['OPERATIONS_FILE: not valid YAML at line 2, column 1 (duplicate key)'],
    ],
  ])('is refused: %s', (_, content, faults) => {
    write('octane/all.yaml', DOCUMENT);
    expect(faultsOf(() => readContent(content))).toEqual(faults);
  });

  it('is refused as JSON with a name twice', () => {
    const text = '{"operations": [\n{"name": "direct-debit", "na\\u006de": "welcome-email"}]}';
    expect(faultsOf(() => readContent(text, 'operations.json'))).toEqual([
      'OPERATIONS_FILE: not valid JSON at line 2 (duplicate key)',
    ]);
  });

  it('shows every fault at once, and no value', () => {
    const wrong = { name: 'payment', octane: 'canary', scope: 'can ary', effect: 'canary', repeet: 'canary' };
    const faults = faultsOf(() =>
      load([{ ...PAYMENT, decimals: { '/canary': 2 }, repeat: 'canary' }, wrong, 'canary']),
    );
    expect(faults).toEqual([
      'operations[0].repeat: must be harmless or once',
      expect.stringMatching(/^operations\[1\]\.octane: must be a method and a path of Octane/),
      'operations[1].scope: must be a scope such as payment:take',
      'operations[1].effect: must be change or read',
      'operations[1].repeet: unknown property: did you mean repeat?',
      'operations[1].route: is required',
      expect.stringMatching(/^operations\[2\]: must be a mapping with name, octane/),
      'operations[1].name: operations[0] has the same name',
      'operations[0].decimals./canary: the documented schema has no such member',
    ]);
    expect(faults.join('\n').replaceAll('/canary', '')).not.toContain('canary');
  });
});

describe('an entry', () => {
  it.each<[string, Json, string | RegExp]>([
    ['an unknown property', { keyHour: 1 }, 'keyHour: unknown property: did you mean keyHours?'],
    ['a name in capitals', { name: 'Payment' }, /^name: must be 1 to 40 lower-case/],
    ['a name that is too long', { name: 'a'.repeat(41) }, /^name: must be 1 to 40/],
    ['a name that objects inherit', { name: 'constructor' }, /^name: is a name that JavaScript uses/],
    [
      'a name that objects inherit, for clients',
      { name: 'to-string' },
      /^name: is a name that JavaScript uses/,
    ],
    ['a name that makes a promise', { name: 'then' }, /^name: is a name that JavaScript uses/],
    [
      'a name that clients know otherwise',
      { name: 'set-direct-debit' },
      /^name: becomes the same method name in clients/,
    ],
    [
      'no such operation',
      { octane: 'POST /v1/group/{groupno}/customer/{custno}/transaction/payment' },
      'octane: no document has this operation: did you mean POST /v1/group/{groupno}/customer/{custno}/transaction/payment/?',
    ],
    ['no such document', { document: 'none.yaml' }, 'document: no such document is listed'],
    [
      'a route without a method',
      { route: '/v1/customers/{custno}/payments' },
      /^route: must be a method and a path/,
    ],
    [
      'a route with a slash at its end',
      { route: 'POST /v1/customers/{custno}/payments/' },
      /^route: must have segments/,
    ],
    ['a route with dots', { route: 'POST /v1/customers/{custno}/../x' }, /^route: must have segments/],
    [
      'a route of the gateway',
      { route: 'GET /problems/{id}' },
      'route: the gateway itself has the same route',
    ],
    [
      'a route of the links',
      { route: 'PUT /v1/customers/{custno}/users/{id}' },
      'route: the gateway itself has the same route',
    ],
    [
      'a route parameter that Octane has not',
      { route: 'POST /v1/customers/{custno}/payments/{id}' },
      /^route: has the parameter \{id\}/,
    ],
    [
      'a route without a customer',
      { route: 'POST /v1/payments' },
      'route: has no {custno}: put it there, or say customers: none',
    ],
    ['a customer that is none', { customers: 'none' }, 'customers: says none, and the route has {custno}'],
    [
      'a customer where Octane has none',
      { customer: { query: 'custno' } },
      'customer.query: Octane has no such parameter in its query',
    ],
    [
      'a customer in a member that is not there',
      { customer: { body: '/custNo' } },
      'customer.body: the documented schema has no such member',
    ],
    ['a fixed value that is refused', { fixed: { '/transactionType': 'R' } }, /^fixed\.\/transactionType: /],
    [
      'a fixed value of nothing',
      { fixed: { '/transactionType': 'P', '/type': 'P' } },
      'fixed./type: the documented schema has no such member',
    ],
    [
      'a fixed value that no number holds',
      { fixed: { '/transactionType': 'P', '/amount': 2 ** 64 } },
      /^fixed\.\/amount: holds a value that cannot be sent/,
    ],
    [
      'decimals of nothing',
      { decimals: { '/amont': 2 } },
      'decimals./amont: the documented schema has no such member',
    ],
    [
      'decimals that are none',
      { decimals: { '/amount': 1.5 } },
      'decimals./amount: must be a whole number from 0 to 20',
    ],
    [
      'a cap on nothing',
      { body: { properties: { amont: { maximum: 1 } } } },
      'body./properties/amont: the documented schema has no such property',
    ],
    [
      'a keyword that JSON Schema has not',
      { body: { properties: { amount: { max: 1 } } } },
      /^body\.\/properties\/amount.*: /,
    ],
    ['a limit without a time', { limit: 10 }, /^limit: must be a number and minute, hour or day/],
    ['a limit of none', { limit: '0/hour' }, /^limit: must be a number and minute, hour or day/],
    ['a cache at a change', { cache: '30s' }, 'cache: cannot be set for a change'],
    [
      'a key that outlives its record',
      { keyHours: 9601 },
      /^keyHours: must not be longer than JOURNAL_RETENTION_DAYS/,
    ],
    ['a failure without a value', { failure: [{ at: '/success' }] }, 'failure[0]: must have is or unless'],
    [
      'a failure nowhere',
      { failure: [{ at: 'success', is: [false] }] },
      'failure[0].at: must be a JSON Pointer such as /success',
    ],
    [
      'a schema that names nothing',
      { answer: 'documented' },
      /^answer: the schema of 200 in the document names no property/,
    ],
    ['a login of no value', { requireAcr: [] }, /^requireAcr: must be a list of at least one/],
    ['a login of an empty value', { requireAcr: [''] }, /^requireAcr\[0\]: must be a text/],
    ['a login of no age', { maxAuthAgeSeconds: 0 }, 'maxAuthAgeSeconds: must be a whole number from 1'],
    ['an empty text', { inDoubt: ' ' }, 'inDoubt: must be a text, not empty'],
    [
      'an owner that is no read',
      { ownedBy: { read: 'payment', at: '/x', is: '/amount' } },
      'ownedBy[0].read: is not a read of this file',
    ],
    [
      'an owner of what is not sent',
      { ownedBy: { read: 'services', at: '/services/*/lineSeqNo', is: 'msn' } },
      /^ownedBy\[0\]\.is: is neither a parameter/,
    ],
  ])('of a change is refused: %s', (_, change, fault) => {
    const faults = faultsOf(() => load([{ ...PAYMENT, ...change }, SERVICES]));
    expect(faults.map((each) => each.replace(/^operations\[0\]\./, ''))).toContainEqual(expected(fault));
    expect(faults.length).toBeLessThan(4);
  });

  it.each<[string, Json, string | RegExp]>([
    ['repeat', { repeat: 'harmless' }, 'repeat: cannot be set for a read'],
    ['key', { key: 'optional' }, 'key: cannot be set for a read'],
    ['keyHours', { keyHours: 1 }, 'keyHours: cannot be set for a read'],
    ['a cache without a unit', { cache: 30 }, /^cache: must be a time such as 30s/],
    ['a body where there is none', { body: { maxProperties: 1 } }, 'body: Octane takes no body'],
    [
      'a fixed parameter of another type',
      { route: 'GET /v1/customers/{custno}/data-pool', fixed: { '/query/lineseqno': 'one' } },
      /^fixed\.\/query\/lineseqno: /,
    ],
    [
      'a fixed parameter that Octane has not',
      { fixed: { '/query/line': 1 } },
      /^fixed\.\/query\/line: Octane has no such parameter/,
    ],
    [
      'the customer as a fixed parameter',
      { fixed: { '/query/custno': 1 } },
      'fixed./query/custno: the gateway sets it itself',
    ],
  ])('of a read is refused: %s', (_, change, fault) => {
    expect(
      faultsOf(() => load([{ ...DATA_POOL, ...change }])).map((each) =>
        each.replace(/^operations\[0\]\./, ''),
      ),
    ).toEqual([expected(fault)]);
  });

  it.each<[string, readonly unknown[], string]>([
    [
      'two names that are the same',
      [NOTE, { ...PAYMENT, name: 'note' }],
      'operations[1].name: operations[0] has the same name',
    ],
    [
      'two routes that are the same',
      [
        { ...NOTE, route: 'POST /v1/customers/{custno}/payments/{id}', octane: NOTE.octane },
        {
          ...PAYMENT,
          octane: NOTE.octane,
          fixed: undefined,
          route: 'POST /v1/customers/{custno}/payments/{id}',
        },
      ],
      'operations[1].route: note has the same route',
    ],
    [
      'a route of an operation in code',
      [{ name: 'direct-debit' }, { ...PAYMENT, route: 'POST /v1/customers/{custno}/direct-debit' }],
      'operations[1].route: direct-debit has the same route',
    ],
    [
      'more than a name for an operation in code',
      [{ name: 'direct-debit', scope: 'x:y' }],
      'operations[0].scope: cannot be set for an operation that has its rules in code',
    ],
    [
      'a path parameter without a source',
      [{ ...NOTE, route: 'DELETE /v1/customers/{custno}/note' }],
      "operations[0].route: lacks {id} of Octane's path: put it into the route, or /path/id into fixed",
    ],
    [
      'a fixed segment of dots',
      [{ ...NOTE, route: 'DELETE /v1/customers/{custno}/note', fixed: { '/path/id': '..' } }],
      'operations[0].fixed: makes a segment of the path that is empty, . or ..',
    ],
    [
      'an owner that asks for more',
      [SERVICES, DATA_POOL, { ...NOTE, ownedBy: { read: 'data-pool', at: '/x', is: 'id' } }],
      'operations[2].ownedBy[0].read: is a read that needs more than the customer number',
    ],
    [
      'a call that names no customer',
      [{ ...DATA_POOL, customer: undefined, fixed: { '/query/custno': 1 } }],
      'operations[0].customer: is required (or ownedBy, or customers: none), because the path of Octane has no {custno}',
    ],
  ])('is refused: %s', (_, entries, fault) => {
    expect(faultsOf(() => load(entries))).toEqual([fault]);
  });

  it('may fix what Octane has in its path, or have it in the route', () => {
    expect(
      load([{ ...NOTE, route: 'DELETE /v1/customers/{custno}/note', fixed: { '/path/id': 'a/b' } }])
        .operations,
    ).toHaveLength(1);
  });
});

describe('a customer under another name', () => {
  const renamed = (name: string) =>
    changed((document) => {
      poolOf(document)['parameters'][1].name = name;
      schemaOf(document)['properties'][name] = { type: 'integer' };
    });

  it.each(['custNo', 'cust_no', 'CUST-NO', 'groupNo', 'group_no'])('is refused: %s', (name) => {
    const route = 'GET /v1/customers/{custno}/data-pool';
    const faults = faultsOf(() => load([PAYMENT, { ...DATA_POOL, route }], renamed(name)));
    expect(faults).toEqual([
      expect.stringMatching(/^operations\[0\]: an app could name another customer or group in the member /),
      expect.stringMatching(
        /^operations\[1\]: an app could name another customer or group in the parameter /,
      ),
    ]);
  });

  it('may be set, closed, or asked about', () => {
    const route = 'GET /v1/customers/{custno}/data-pool';
    const good = [
      [
        { ...PAYMENT, customer: { body: '/custNo' } },
        { ...DATA_POOL, route, fixed: { '/query/custNo': 1 } },
      ],
      [{ ...PAYMENT, body: { properties: { custNo: false } } }],
      [{ ...PAYMENT, fixed: { '/transactionType': 'P', '/custNo': 1 } }],
      [SERVICES, { ...PAYMENT, ownedBy: { read: 'services', at: '/services/*/lineSeqNo', is: '/custNo' } }],
      [
        SERVICES,
        { ...DATA_POOL, route, ownedBy: { read: 'services', at: '/services/*/lineSeqNo', is: 'custNo' } },
      ],
      [{ ...DATA_POOL, route: 'GET /v1/data-pool', customers: 'none', customer: undefined }],
    ];
    for (const entries of good) expect(faultsOf(() => load(entries, renamed('custNo')))).toEqual([]);
  });

  it('is told of where it is deeper inside', () => {
    const documents = changed((document) => {
      schemaOf(document)['properties'].lines = {
        type: 'array',
        items: { type: 'object', properties: { custNo: { type: 'integer' } } },
      };
    });
    expect(load([PAYMENT], documents).notes).toEqual([
      'payment: an app may send /lines/*/custNo in the body, which may be the number of any customer or group',
    ]);
  });
});

describe('a document', () => {
  it.each<[string, (document: Json) => void, string | RegExp]>([
    [
      'of another version',
      (document) => (document['openapi'] = '2.0'),
      /^octane\/all\.yaml: is not an OpenAPI 3\.0 or 3\.1 document$/,
    ],
    [
      'a body that is no JSON',
      (document) => {
        bodyOf(document)['application/xml'] = bodyOf(document)['application/json'];
        delete bodyOf(document)['application/json'];
      },
      /^octane\/all\.yaml#\/paths\/.*\/post\/requestBody: the body is not JSON$/,
    ],
    [
      'a reference to nothing',
      (document) => (schemaOf(document)['properties'].amount = { $ref: '#/components/schemas/None' }),
      /^octane\/all\.yaml#\/paths\/.*\/properties\/amount: a reference that leads nowhere$/,
    ],
    [
      'a reference out of its folder',
      (document) => (schemaOf(document)['properties'].amount = { $ref: '../secret.yaml#/amount' }),
      /\/amount: a reference out of the folder of the documents$/,
    ],
    [
      'a reference to a host',
      (document) => (schemaOf(document)['properties'].amount = { $ref: 'https://example.com/a.yaml' }),
      /\/amount: a reference out of the folder of the documents$/,
    ],
    [
      'a reference to an absolute path',
      (document) => (schemaOf(document)['properties'].amount = { $ref: '/etc/passwd' }),
      /\/amount: a reference out of the folder of the documents$/,
    ],
    [
      'a reference to itself',
      (document) => {
        document['components'] = {
          schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } },
        };
        schemaOf(document)['properties'].amount = { $ref: '#/components/schemas/A' };
      },
      /^octane\/all\.yaml#\/components\/schemas\/[AB]: refers to itself/,
    ],
    [
      'a body that refers to itself',
      (document) => {
        document['components'] = { requestBodies: { A: { $ref: '#/components/requestBodies/A' } } };
        document['paths']['/v1/group/{groupno}/customer/{custno}/transaction/payment/'].post.requestBody = {
          $ref: '#/components/requestBodies/A',
        };
      },
      /\/post\/requestBody: a reference to itself$/,
    ],
    [
      'a pattern that takes for ever',
      (document) => (schemaOf(document)['properties'].details.properties.note.pattern = '^(a+)+$'),
      /\/note/,
    ],
    [
      'a schema that is none',
      (document) => (schemaOf(document)['properties'].amount = { type: 'numbr' }),
      /\/amount/,
    ],
    [
      'a required header',
      (document) =>
        poolOf(document)['parameters'].push({
          name: 'X-Key',
          in: 'header',
          required: true,
          schema: { type: 'string' },
        }),
      /^octane\/all\.yaml#\/paths\/~1v1~1datapool\/get\/parameters\/2: a required header, which is never sent$/,
    ],
    [
      'a required cookie',
      (document) =>
        poolOf(document)['parameters'].push({
          name: 'session',
          in: 'cookie',
          required: true,
          schema: { type: 'string' },
        }),
      /\/2: a required cookie/,
    ],
    [
      'a parameter twice',
      (document) => poolOf(document)['parameters'].push(poolOf(document)['parameters'][1]),
      /\/2: the operation has this parameter twice$/,
    ],
    [
      'a list in another style',
      (document) =>
        (poolOf(document)['parameters'][1] = {
          name: 'lineseqno',
          in: 'query',
          explode: false,
          schema: { type: 'array', items: { type: 'string' } },
        }),
      /\/1: only one value, or a list in the query/,
    ],
    [
      'an object in the query',
      (document) =>
        (poolOf(document)['parameters'][1] = { name: 'lineseqno', in: 'query', schema: { type: 'object' } }),
      /\/1: a parameter that is an object/,
    ],
    [
      'a parameter with content',
      (document) =>
        (poolOf(document)['parameters'][1] = {
          name: 'lineseqno',
          in: 'query',
          content: { 'application/json': {} },
        }),
      /\/1: a parameter with content/,
    ],
  ])('is refused with %s', (_, change, fault) => {
    const faults = faultsOf(() => load([PAYMENT, DATA_POOL], changed(change)));
    expect(faults.filter((each) => !/^operations|^documents/.test(each))).toEqual([expected(fault)]);
  });

  it('may be wrong where nobody looks', () => {
    const documents = changed((document) => {
      document['paths']['/Utb/Soap'] = { post: { requestBody: { content: { 'application/xml': {} } } } };
      document['paths']['/v1/other'] = {
        $ref: '../../other.yaml#/none',
        get: { parameters: [{ $ref: '#/none' }] },
      };
      document['components'] = { schemas: { A: { type: 'none', pattern: '(' } } };
    });
    expect(faultsOf(() => load([PAYMENT], documents))).toEqual([]);
  });

  it('may have headers that nobody needs', () => {
    const documents = changed((document) => {
      for (const name of ['Accept', 'Content-Type', 'authorization'])
        poolOf(document)['parameters'].push({
          name,
          in: 'header',
          required: true,
          schema: { type: 'string' },
        });
      poolOf(document)['parameters'].push({ name: 'X-Trace', in: 'header', schema: { type: 'string' } });
    });
    expect(load([DATA_POOL], documents).notes).toEqual([
      'data-pool: Octane takes X-Trace in a header or a cookie: it is never sent',
    ]);
  });

  it('is named where several have an operation', () => {
    const documents = { 'octane/all.yaml': DOCUMENT, 'octane/deep/other.json': JSON.stringify(DOCUMENT) };
    expect(faultsOf(() => load([NOTE], documents))).toEqual([
      'operations[0].octane: the documents have this operation more than once: name one of octane/all.yaml, octane/deep/other.json as document',
    ]);
    for (const document of ['all.yaml', 'octane/all.yaml', './octane/deep/other.json', 'other.json'])
      expect(load([{ ...NOTE, document }], documents).operations).toHaveLength(1);
  });

  it('may refer to other files of its folder, and they to others', () => {
    const documents = changed((document) => {
      schemaOf(document)['properties'].details = { $ref: 'parts/details.json#/Details' };
      document['paths']['/v1/datapool'].get.parameters[1] = {
        $ref: './parts/shared%20parts.yaml#/parameters/line%2Fno',
      };
    });
    const files = {
      ...documents,
      'octane/parts/details.json': JSON.stringify({
        Details: { type: 'object', properties: { note: { $ref: 'shared parts.yaml#/Note' } } },
      }),
      'octane/parts/shared parts.yaml': {
        Note: { $ref: '#/Short' },
        Short: { type: 'string', maxLength: 3 },
        parameters: {
          'line/no': { name: 'lineseqno', in: 'query', required: true, schema: { $ref: '#/Short' } },
        },
      },
    };
    const { operations } = load([PAYMENT, DATA_POOL], files);
    const read = operations[0]!.operation.body!.read(
      { amount: 1, details: { note: 'long' } },
      {} as never,
      '',
    );
    expect(read.violations).toMatchObject([{ pointer: '#/details/note', code: 'length' }]);
    expect(faultsOf(() => load([PAYMENT, DATA_POOL], { ...files, 'octane/stray.yaml': { a: 1 } }))).toEqual([
      'octane/stray.yaml: is not an OpenAPI 3.0 or 3.1 document',
    ]);
  });

  it.each<[string, Json, readonly string[]]>([
    [
      'a file that is not there',
      { documents: ['none.yaml'] },
      ['none.yaml: the file cannot be read (there is no such file)'],
    ],
    [
      'an empty folder',
      { documents: ['empty'] },
      ['documents[0]: the folder has no .yaml, .yml or .json file'],
    ],
    [
      'a listed file that is no document',
      { documents: ['octane/part.yaml'] },
      ['octane/part.yaml: is not an OpenAPI 3.0 or 3.1 document'],
    ],
    [
      'a listed text',
      { documents: ['octane/text.json'] },
      ['octane/text.json: is not an OpenAPI 3.0 or 3.1 document'],
    ],
    [
      'half a JSON',
      { documents: ['octane/half.json'] },
      [expect.stringMatching(/^octane\/half\.json: not valid JSON/)],
    ],
    [
      'a name twice in JSON',
      { documents: ['octane/twice.json'] },
      ['octane/twice.json: not valid JSON at line 1 (duplicate key)'],
    ],
    [
      'a device',
      { documents: ['/dev/zero'] },
      [expect.stringMatching(/dev\/zero: must be a file of at most 4 MiB$/)],
    ],
  ])('is refused: %s', (_, content, faults) => {
    mkdirSync(join(folder, 'empty'));
    write('octane/part.yaml', { components: {} });
    write('octane/text.json', '"openapi"');
    write('octane/half.json', '{"openapi": "3.0.1", ');
    write('octane/twice.json', '{"openapi": "3.0.1", "x": {"a": [{}], "b": 1, "a": 2}}');
    expect(faultsOf(() => readContent({ ...content, operations: [{ name: 'direct-debit' }] }))).toEqual(
      faults,
    );
  });

  it('has a byte order mark or not', () => {
    const bytes = Buffer.from(`\uFEFF${stringify(DOCUMENT)}`);
    expect(load([PAYMENT], { 'octane/all.yaml': bytes }).operations).toHaveLength(1);
  });
});

describe('a document without bounds', () => {
  const head = 'openapi: 3.0.1\npaths: {}\n';
  const inDirectDebit = { documents: ['octane/'], operations: [{ name: 'direct-debit' }] };

  it('may use a small anchor a thousand times', () => {
    const uses = Array.from({ length: 1000 }, (_, index) => `  a${index}: *small`);
    write(
      'octane/a.yaml',
      `${head}x-small: &small { a: { b: [1, 2, 3] }, c: text }\nx-uses:\n${uses.join('\n')}\n`,
    );
    expect(faultsOf(() => readContent(inDirectDebit))).toEqual([]);
  });

  it.each<[string, string]>([
    [
      'aliases that multiply',
      `x-0: &a0 [x]\n${Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${Array<string>(20).fill(`*a${i}`).join(', ')}]`).join('\n')}\n`,
    ],
    ['an alias of itself', 'x-a: &a { b: *a }\n'],
    ['depth', `x-a: ${'['.repeat(5000)}${']'.repeat(5000)}\n`],
    ['depth that overflows the stack', `x-a: ${'['.repeat(200_000)}`],
    [
      'depth by aliases',
      `x-0: &a0 [x]\n${Array.from({ length: 300 }, (_, i) => `x-${i + 1}: &a${i + 1} [*a${i}]`).join('\n')}\n`,
    ],
    ['size', `x-a: ${'x'.repeat(10_000_000)}\n`],
    ['a merge key', 'x-a: &a { b: 1 }\nx-b: { <<: *a }\n'],
  ])('is refused: %s', (_, text) => {
    write('octane/a.yaml', head + text);
    expect(faultsOf(() => readContent(inDirectDebit))).toEqual([expect.stringMatching(/^octane\/a\.yaml: /)]);
  });

  it('is refused as JSON: depth', () => {
    write('octane/a.json', `{"openapi": "3.0.1", "x": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect(faultsOf(() => readContent(inDirectDebit))).toEqual([
      'octane/a.json: not valid JSON (nested too deeply)',
    ]);
  });

  it('has names in any number', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `  a${index}: 1`);
    write('octane/a.yaml', `${head}x-names:\n${names.join('\n')}\n`);
    expect(faultsOf(() => readContent(inDirectDebit))).toEqual([]);
  });
});

describe('npm run operations', () => {
  const inCode = OPERATIONS.map(({ operation }) => operation);
  const ask = (...args: string[]): string => answerTo(args, undefined, inCode);

  it('lists what documents hold, and what is open of it', () => {
    const document = write('all.yaml', DOCUMENT);
    const file = write('operations.yaml', { documents: ['all.yaml'], operations: [{ ...PAYMENT, typo: 1 }] });
    expect(answerTo(['list', document], file, inCode).split('\n')).toEqual([
      'POST    /v1/group/{groupno}/customer/{custno}/transaction/payment/  Make Payment   open as payment',
      'GET     /v1/datapool                                                Get Data Pool  closed',
      'GET     /v1/group/{groupno}/customer/{custno}/services              -              closed',
      'DELETE  /v1/group/{groupno}/customer/{custno}/notes/{id}            -              closed',
      '',
    ]);
    const path = '/v1/group/{groupno}/customer/{custno}/direct-debit';
    const other = write(
      'dd.json',
      JSON.stringify({ openapi: '3.1.0', paths: { [path]: { post: { summary: 'Set' } } } }),
    );
    expect(ask('list', other)).toBe(`POST  ${path}  Set  open as direct-debit\n`);
    expect(ask('scaffold', other, `POST ${path}`)).toMatch(/^ {2}- name: direct-debit #/);
  });

  it.each(['octane/all.yaml', 'config'])(
    'makes entries that a start accepts, of every operation: %s',
    (place) => {
      write('octane/all.yaml', DOCUMENT);
      const documents = place === 'config' ? resolve('config/octane') : join(folder, 'octane');
      const lines = ask('list', documents).trim().split('\n');
      const operations = lines.map((line) => line.split(/\s+/).slice(0, 2).join(' '));
      expect(operations.length).toBeGreaterThan(3);
      for (const operation of operations) {
        const entry = ask('scaffold', documents, operation);
        expect(entry).toContain(' # ');
        const text = `documents: [${documents}]\noperations:\n${entry}`;
        expect([operation, readContent(text).operations[0]!.operation.octane]).toEqual([
          operation,
          operation,
        ]);
      }
    },
  );

  it('chooses what is safest', () => {
    const documents = changed((document) => {
      poolOf(document)['parameters'][0].name = 'CustNo';
      schemaOf(document)['properties'].group_no = { type: 'integer' };
    });
    for (const [name, content] of Object.entries(documents)) write(name, content);
    const of = (operation: string): unknown => parse(ask('scaffold', join(folder, 'octane'), operation));
    expect(of('GET /v1/datapool')).toEqual([
      {
        name: 'get-data-pool',
        octane: 'GET /v1/datapool',
        route: 'GET /v1/customers/{custno}/datapool',
        customer: { query: 'CustNo' },
        scope: 'get-data-pool:read',
        effect: 'read',
        answer: 'documented',
      },
    ]);
    expect(of(PAYMENT.octane)).toEqual([
      {
        name: 'make-payment',
        octane: PAYMENT.octane,
        route: 'POST /v1/customers/{custno}/transaction/payment',
        fixed: { '/group_no': 1001 },
        scope: 'make-payment:write',
        effect: 'change',
        repeat: 'once',
        key: 'required',
        answer: 'none',
      },
    ]);
  });

  it('says what is wrong', () => {
    const document = write('soap.yaml', {
      openapi: '3.0.1',
      paths: { '/UtbSoap': { post: { requestBody: { content: { 'application/xml': {} } } } } },
    });
    expect(() => ask('list')).toThrow('npm run operations -- list DOCUMENT');
    expect(() => ask('lst', document)).toThrow('npm run operations -- list DOCUMENT');
    expect(() => ask('scaffold', document, 'GET /UtbSoap')).toThrow('No document has this operation');
    expect(() => ask('scaffold', document, 'POST /UtbSoap')).toThrow(
      '/paths/~1UtbSoap/post/requestBody: the body is not JSON',
    );
    expect(() => ask('list', join(folder, 'none.yaml'))).toThrow('there is no such file');
  });
});
