import { readFile, writeFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { openOperations } from '../src/app.module.ts';
import { needsLogin } from '../src/operations/operation.ts';
import type { Settings } from '../src/config/settings.ts';
import { SETTINGS } from '../src/config/tokens.ts';
import { SetDirectDebitDto } from '../src/direct-debit/dto/set-direct-debit.dto.ts';
import { OpenApi } from '../src/open-api/open-api.ts';
import { readDirectDebitAnswer } from '../src/direct-debit/wire.ts';
import { makeDocument } from '../src/open-api/document.ts';
import { PROBLEMS } from '../src/problems/catalogue.ts';
import { RULE_LEVELS } from '../src/validation/rule-levels.ts';
import type { RuleLevel } from '../src/validation/rule-levels.ts';
import { validateBody } from '../src/validation/validate-body.ts';
import { SendWelcomeEmailDto } from '../src/welcome-email/dto/send-welcome-email.dto.ts';
import { brokenDirectDebit, validDirectDebit } from './support/direct-debit-arbitraries.ts';
import { TestGateway } from './support/gateway.ts';

const COMMITTED = new URL('../openapi.json', import.meta.url);

let gateway: TestGateway;
let document: any;
beforeAll(async () => {
  gateway = await TestGateway.start({ environment: { OPERATIONS_FILE: 'config/operations.yaml' } });
  document = await servedDocument();
});
afterAll(() => gateway.stop());

/** @throws Error where something else than the document is served, so that it is never written down in its place */
async function servedDocument(): Promise<any> {
  const { status, json } = await gateway.call({ method: 'GET', path: '/openapi.json' });
  if (status !== 200) throw new Error(`/openapi.json was answered with ${status} ${json.code}`);
  return json;
}

const settingsWith = (changed: Partial<Settings>): Settings => ({
  ...gateway.application.get<Settings>(SETTINGS),
  ...changed,
});

const documentAt = (level: RuleLevel): any =>
  JSON.parse(JSON.stringify(makeDocument(gateway.application, settingsWith({ directDebitRules: level }))));

/** A validator for one schema of a document, as an app would build it. */
function validatorOf(openApi: any, schema: string): ValidateFunction {
  // The order of two types in one schema, and the keywords of OpenAPI, are no faults.
  const ajv = new Ajv2020({ strict: false, strictNumbers: true });
  addFormats.default(ajv);
  ajv.addFormat('idn-email', true);
  ajv.addSchema(openApi, 'document');
  return ajv.getSchema(`document#/components/schemas/${schema}`)!;
}

it('openapi.json is what the gateway serves with config/operations.yaml (npm run docs writes it)', async () => {
  const served = `${JSON.stringify(document, null, 2)}\n`;
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(COMMITTED, served);
  expect(await readFile(COMMITTED, 'utf8')).toBe(served);
});

it('a document that cannot be made is never written to openapi.json', async () => {
  const openApi = gateway.application.get(OpenApi);
  const make = openApi['make']!;
  openApi.madeBy(() => Promise.reject(new Error('defect')));
  await expect(servedDocument()).rejects.toThrow('/openapi.json was answered with 500 internal-error');
  openApi.madeBy(make);
  expect(await servedDocument()).toEqual(document);
});

it('has no enum of numbers or booleans, of which generators of Swift and Kotlin make texts', () => {
  const enums: unknown[][] = [];
  JSON.stringify(document, (key, value: unknown) => {
    if (key === 'enum' && Array.isArray(value)) enums.push(value);
    return value;
  });
  expect(enums.length).toBeGreaterThan(10);
  expect(enums.flat().filter((value) => typeof value !== 'string')).toEqual([]);
  const bounds = { type: 'integer', minimum: 1, maximum: 7 };
  const { DirectDebitOrder, DirectDebit } = document.components.schemas;
  expect(DirectDebitOrder.properties.ddSpecialDayOfWeek).toMatchObject(bounds);
  expect(DirectDebit.properties.ddSpecialDayOfWeek).toMatchObject(bounds);
});

it('names the server by PUBLIC_URL, and so the types of problems', () => {
  const publicUrl = 'https://api.example.com/gateway';
  const { servers, paths } = makeDocument(gateway.application, settingsWith({ publicUrl }));
  expect(servers).toEqual([{ url: publicUrl, description: expect.any(String) }]);
  expect(JSON.stringify(paths)).toContain(`"type":"${publicUrl}/problems/octane-timeout"`);
  expect(JSON.stringify(paths)).not.toContain('"type":"/problems');
});

it('has every code of every problem, and asks for the scope of each operation', () => {
  const text = JSON.stringify(document.paths);
  const operations = openOperations(settingsWith({})).operations.map(({ operation }) => operation);
  const ofSome: Readonly<Record<string, boolean>> = {
    'idempotency-key-required': operations.some((each) => 'key' in each && each.key === 'required'),
    'insufficient-user-authentication': operations.some(needsLogin),
    'resource-not-found': operations.some(({ missing }) => missing === 'resource-not-found'),
  };
  const codes = Object.keys(PROBLEMS).filter((code) => ofSome[code] ?? true);
  for (const code of codes) expect(text).toContain(`"code":"${code}"`);
  const asked = Object.values<any>(document.paths).flatMap((methods) =>
    Object.values<any>(methods).flatMap(({ security }) => security),
  );
  const ofLinks = ['customer-links:read', 'customer-links:write', 'customer-links:write'];
  const scopes = [...operations.map((operation) => operation.scope), ...ofLinks];
  expect(asked).toEqual(scopes.flatMap((scope) => [{ accessToken: [scope] }, { boundAccessToken: [scope] }]));
});

describe.each(RULE_LEVELS)('the schema of a direct debit at the level %s', (level) => {
  let fits: ValidateFunction;
  beforeAll(() => {
    fits = validatorOf(documentAt(level), 'SetDirectDebit');
  });

  it('takes every body that the gateway takes', () => {
    fc.assert(
      fc.property(validDirectDebit(level), (directDebit) => {
        expect(validateBody(SetDirectDebitDto, { directDebit }, level).violations).toBeUndefined();
        expect({ fits: fits({ directDebit }), errors: fits.errors }).toEqual({ fits: true, errors: null });
      }),
      { numRuns: 150 },
    );
  });

  it('refuses every body that the gateway refuses, but for decimals and the order of dates', () => {
    fc.assert(
      fc.property(
        brokenDirectDebit(level).filter(({ code }) => code !== 'precision' && code !== 'date_order'),
        ({ directDebit }) => {
          expect({ directDebit, fits: fits({ directDebit }) }).toEqual({ directDebit, fits: false });
        },
      ),
      { numRuns: 250 },
    );
  });

  it('takes nothing but what the gateway takes, whatever the JSON, but for decimals, dates and addresses', () => {
    const words: ReadonlySet<string> = new Set(['precision', 'date_order', 'format']);
    const names = fc.constantFrom(
      ...Object.keys(documentAt(level).components.schemas.DirectDebitOrder.properties),
      'ddSpecialEndType',
      'surprise',
    );
    const values = fc.oneof(
      fc.constantFrom<unknown>(
        'OFF',
        'STANDARD_DIRECT_DEBIT',
        'SPECIAL_DIRECT_DEBIT',
        'Y',
        'N',
        'wk',
        'mn',
        'ST',
      ),
      fc.constantFrom<unknown>('2027-03-01T00:00:00Z', 'jo@example.com', '15', 1, 7, 12, 0, 1.5, null, true),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const order = fc
      .tuple(fc.constantFrom('OFF', 'SPECIAL_DIRECT_DEBIT'), fc.dictionary(names, values, { maxKeys: 6 }))
      .map(([directDebitType, rest]) => ({ directDebitType, ddNotificationFlag: 'N', ...rest }));
    fc.assert(
      fc.property(order, (directDebit) => {
        const body = JSON.parse(JSON.stringify({ directDebit })) as unknown;
        const { violations = [] } = validateBody(SetDirectDebitDto, body, level);
        if (violations.some(({ code }) => words.has(code))) return;
        expect({ violations, fits: fits(body) }).toEqual({ violations, fits: violations.length === 0 });
      }),
      { numRuns: 400 },
    );
  });

  it('and that of a welcome email agree with the gateway', () => {
    const fitsEmail = validatorOf(documentAt(level), 'SendWelcomeEmail');
    for (const body of [{}, { email: 'jo@example.com' }, [], null, 'x', 1]) {
      const { violations } = validateBody(SendWelcomeEmailDto, body, level);
      expect([body, fitsEmail(body)]).toEqual([body, violations === undefined]);
    }
  });
});

it('the schema of the answer takes whatever the gateway takes for an answer of Octane', () => {
  const fits = validatorOf(document, 'DirectDebitAnswer');
  fc.assert(
    fc.property(validDirectDebit('standard'), fc.constantFrom('EA', 'ED', 'EN', null), (sent, end) => {
      const octane = { directDebit: { ...sent, ddSpecialEndType: end, ddSpecialCurrentCount: 3, more: 1 } };
      expect(fits(readDirectDebitAnswer(JSON.stringify(octane)))).toBe(true);
    }),
  );
  for (const wrong of [
    {},
    { directDebit: {} },
    { directDebit: { directDebitType: 'OFF', ddNotificationFlag: 1 } },
  ]) {
    expect([readDirectDebitAnswer(JSON.stringify(wrong)), fits(wrong)]).toEqual([undefined, false]);
  }
});
