import type { OpenAPI3, OperationObject, ParameterObject, SchemaObject } from 'openapi-typescript';

/** Schemas by their names. */
export type Schemas = Record<string, SchemaObject>;

/** One argument of a method. */
interface Argument {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly words?: string | undefined;
}

interface Method {
  readonly id: string;
  /** The lines of its comment. */
  readonly words: readonly string[];
  readonly given: readonly Argument[];
  readonly returns: string;
  /** The types that it exports, by their names. */
  readonly types: Readonly<Record<string, string>>;
  /** How the client carries it out. */
  readonly plan: string;
}

const HTTP_METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;
const OF_CUSTOMER = '/v1/customers/{custno}';
/** Of clients/typescript/src/call.ts. */
const CALL_TYPES = ['Answered', 'CallOptions', 'ChangeOptions', 'ChangeReceipt', 'KeyedOptions', 'Receipt'];
/** What no argument of a method can be called. */
const RESERVED =
  /^(?:body|query|options|arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

/**
 * The operations of Octane in a document, as TypeScript: an interface with a method for each, and what the client needs to
 * carry them out.
 *
 * @returns beside the text, the schemas that stand at an operation itself, by the names that the text has for them
 */
export function clientOperations(document: OpenAPI3): { text: string; schemas: Schemas } {
  const schemas: Schemas = {};
  const methods = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    HTTP_METHODS.flatMap((verb) => {
      const operation = (item as Record<string, OperationObject | undefined>)[verb];
      // Customer links are for the back end that signs users up, and would be a tax on every app.
      const isForApps = operation?.security?.length && !operation.tags?.includes('Customer links');
      return isForApps ? [methodOf(operation, { document, schemas, path, verb })] : [];
    }),
  );
  const signatures = methods.map(signatureOf).join('\n');
  const used = CALL_TYPES.filter((name) => new RegExp(String.raw`\b${name}\b`).test(signatures));
  const lines = [
    `import type { ${used.join(', ')} } from './call.ts';`,
    `import type { components } from './schema.ts';`,
    '',
    ...methods.flatMap(({ types }) =>
      Object.entries(types).map(([name, type]) => `export type ${name} = ${type};`),
    ),
    '',
    'export interface OctaneBffClient {',
    ...methods.flatMap((method) => [comment(method.words), signatureOf(method), '']),
    '}',
    '',
    `const OF_CUSTOMER = '${OF_CUSTOMER}';`,
    comment([
      'How each method is carried out: flags, the method of HTTP and the path. The flags: `k`, it has an Idempotency-Key; `K`, one that',
      'the app gives; `b`, a body; `q`, a query; `a`, an answer that is read.',
    ]),
    'export const OPERATIONS: Readonly<Record<keyof OctaneBffClient, string>> = {',
    ...methods.map(({ id, plan }) => {
      const short = plan.replace(OF_CUSTOMER, '${OF_CUSTOMER}');
      return `${JSON.stringify(id)}: ${short === plan ? `'${plan}'` : `\`${short}\``},`;
    }),
    '};',
  ];
  return { text: lines.join('\n'), schemas };
}

function methodOf(
  operation: OperationObject,
  at: { document: OpenAPI3; schemas: Schemas; path: string; verb: string },
): Method {
  const { document, schemas, path, verb } = at;
  const id = operation.operationId!;
  const title = id[0]!.toUpperCase() + id.slice(1);
  const all = (operation.parameters ?? []).map(
    (parameter) => resolved(parameter, document) as ParameterObject,
  );
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name], index): Argument => {
    const parameter = all.find((each) => each.in === 'path' && each.name === name);
    return {
      name: /^[a-z_$][\w$]*$/i.test(name!) && !RESERVED.test(name!) ? name! : `parameter${index + 1}`,
      type: typeOf(parameter?.schema, 'string | number'),
      isRequired: true,
      words: parameter?.description,
    };
  });
  const types: Record<string, string> = {};
  /** The type of a body, which also gets a name that apps can import. */
  const named = (suffix: string, schema: object): string => {
    const name = `${title}${suffix}`;
    const key = '$ref' in schema ? (schema.$ref as string).split('/').at(-1)! : `Client.${name}`;
    if (!('$ref' in schema)) schemas[key] = schema as SchemaObject;
    types[name] = `components['schemas']['${key}']`;
    return name;
  };

  const sent = contentOf(operation.requestBody, document);
  const hasBody = sent !== undefined && !isEmptyObject(resolved(sent, document));
  const inQuery = all.filter((parameter) => parameter.in === 'query');
  const key = all.find(({ name }) => name === 'Idempotency-Key');
  const answered = contentOf(operation.responses?.['200'], document);
  if (inQuery.length > 0) types[`${title}Query`] = queryType(inQuery);

  const given: Argument[] = [
    ...inPath,
    ...(hasBody
      ? [{ name: 'body', type: named('Body', sent), isRequired: isRequired(operation.requestBody, document) }]
      : []),
    ...(inQuery.length > 0
      ? [{ name: 'query', type: `${title}Query`, isRequired: inQuery.some(({ required }) => required) }]
      : []),
    key?.required
      ? { name: 'options', type: 'KeyedOptions', isRequired: true }
      : { name: 'options', type: key ? 'ChangeOptions' : 'CallOptions', isRequired: false },
  ];
  const receipt = key ? 'ChangeReceipt' : 'Receipt';
  const flags = [
    key && (key.required ? 'K' : 'k'),
    hasBody && 'b',
    inQuery.length > 0 && 'q',
    answered && 'a',
  ];
  const names = inPath.map(({ name }) => name);
  return {
    id,
    words: [
      ...[operation.summary, '', operation.description].flatMap((text) => text?.split('\n') ?? []),
      '',
      ...given.flatMap(({ name, words }) => (words === undefined ? [] : [`@param ${name} ${words}`])),
      '@throws {OctaneBffError}',
    ],
    given,
    returns: answered ? `Answered<${named('Answer', answered)}, ${receipt}>` : receipt,
    types,
    plan: `${flags.filter(Boolean).join('')} ${verb.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, () => `{${names.shift()}}`)}`,
  };
}

/** What is optional can be left out where nothing behind it is required. */
function signatureOf({ id, given, returns }: Method): string {
  const lastRequired = given.findLastIndex(({ isRequired: is }) => is);
  const args = given.map(({ name, type, isRequired: is }, index) => {
    if (is) return `${name}: ${type}`;
    return index > lastRequired ? `${name}?: ${type}` : `${name}: ${type} | undefined`;
  });
  return `${JSON.stringify(id)}(${args.join(', ')}): Promise<${returns}>;`;
}

function queryType(parameters: readonly ParameterObject[]): string {
  const members = parameters.map(({ name, description, required, schema }) => {
    const type = typeOf(schema, 'string | number');
    return `${description === undefined ? '' : `${comment(description.split('\n'))}\n`}readonly ${JSON.stringify(name)}${required ? '' : '?'}: ${type}${required ? '' : ' | undefined'};`;
  });
  return `{\n${members.join('\n')}\n}`;
}

/** The type of a parameter: a text in the end, so what has no better one is `other`. */
function typeOf(schema: SchemaObject | undefined, other: string): string {
  const {
    enum: values,
    type,
    items,
  } = (schema ?? {}) as { enum?: unknown[]; type?: string; items?: SchemaObject };
  if (values) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (type === 'array') return `readonly (${typeOf(items, other)})[]`;
  return type === 'boolean' ? 'boolean' : other;
}

/** The schema of the JSON that a request or a response has; undefined where it has none. */
function contentOf(part: object | undefined, document: OpenAPI3): object | undefined {
  const { content } = resolved(part ?? {}, document) as { content?: Record<string, { schema?: object }> };
  return content?.['application/json']?.schema;
}

function isRequired(part: object | undefined, document: OpenAPI3): boolean {
  return (resolved(part ?? {}, document) as { required?: boolean }).required === true;
}

/** Nothing can be said in it, so nobody needs to give it. */
function isEmptyObject(schema: unknown): boolean {
  const { properties = {}, additionalProperties } = schema as {
    properties?: object;
    additionalProperties?: unknown;
  };
  return Object.keys(properties).length === 0 && additionalProperties === false;
}

/** What a part is, or what it refers to. */
function resolved(part: object, document: OpenAPI3): unknown {
  if (!('$ref' in part)) return part;
  const names = (part.$ref as string).slice(2).split('/');
  return names.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], document);
}

function comment(lines: readonly string[]): string {
  const body = lines.map((line) => ` * ${line.replaceAll('*/', '* /')}`.trimEnd());
  return ['/**', ...body, ' */'].join('\n');
}
