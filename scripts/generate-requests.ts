/**
 * Writes a request for each example of `openapi.json`, for editors (`.http`) and for Postman, into `docs/requests/`.
 *
 * With `--check` nothing is written, and the exit code is 1 when something would be.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = 'docs/requests';
/** Only services may ask for what belongs to no customer, and for the customers of users. */
const LINKS = 'Customer links';
const WITHOUT_EXAMPLE: Readonly<Record<string, string>> = {
  issuer: '{{issuer}}',
  subject: 'alex',
  lineseqno: '1',
};
const VARIABLES = {
  api: 'http://localhost:3000',
  token: '',
  serviceToken: '',
  serviceCustno: '800201',
  issuer: 'http://localhost:4002',
};

interface Reference {
  $ref: string;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  example?: unknown;
}

interface Operation {
  operationId: string;
  summary: string;
  tags: [string];
  security?: readonly object[];
  parameters: (Parameter | Reference)[];
  requestBody?: { content: { 'application/json': { examples: Record<string, { value: unknown }> } } };
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, Parameter> };
}

interface Request {
  tag: string;
  name: string;
  method: string;
  /** With variables. */
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

function requestsOf(document: Document): Request[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation.security?.length ? requestsTo(document, path, method, operation) : [],
    ),
  );
}

/** One for each example of its body. */
function requestsTo(document: Document, path: string, method: string, operation: Operation): Request[] {
  const { summary, tags, requestBody } = operation;
  const [tag] = tags;
  const parameters = operation.parameters.map((parameter) =>
    '$ref' in parameter ? document.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter,
  );
  const isForService = tag === LINKS || !path.includes('{custno}');
  const valueOf = ({ name, example }: Parameter): string => {
    if (name === 'custno' && isForService) return '{{serviceCustno}}';
    return WITHOUT_EXAMPLE[name] ?? encodeURIComponent(String(example));
  };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    valueOf(parameters.find((parameter) => parameter.name === name)!),
  );
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map((parameter) => `${parameter.name}=${valueOf(parameter)}`);
  const request = {
    tag,
    method: method.toUpperCase(),
    url: `{{api}}${[filled, ...(query.length > 0 ? [query.join('&')] : [])].join('?')}`,
    headers: {
      Authorization: `Bearer {{${isForService ? 'serviceToken' : 'token'}}}`,
      ...(requestBody && { 'Content-Type': 'application/json' }),
      ...(parameters.some(({ name }) => name === 'Idempotency-Key') && { 'Idempotency-Key': '{{$guid}}' }),
    },
  };
  if (!requestBody) return [{ ...request, name: summary, body: undefined }];
  return Object.entries(requestBody.content['application/json'].examples).map(([name, { value }]) => ({
    ...request,
    name: name === 'example' ? summary : `${summary}: ${name}`,
    body: JSON.stringify(value, undefined, 2),
  }));
}

function httpFile(requests: readonly Request[]): string {
  const head = `# Generated from openapi.json by \`npm run docs\`. Use it in VS Code's REST Client or in Visual Studio. In a JetBrains
# editor, replace {{$guid}} with {{$uuid}}. Get @token and @serviceToken from the sandbox. They are valid for an hour:
#   npm run --silent token -- --client selfcare-app --custno 700123
#   npm run --silent token -- --client billing-service
`;
  const variables = Object.entries(VARIABLES).map(([name, value]) => `@${name} = ${value}`);
  const blocks = requests.map(({ name, method, url, headers, body }) =>
    [
      `### ${name}`,
      `${method} ${url}`,
      ...Object.entries(headers).map(([header, value]) => `${header}: ${value}`),
      ...(body === undefined ? [] : ['', body]),
      '',
    ].join('\n'),
  );
  return [head, `${variables.join('\n')}\n`, ...blocks].join('\n');
}

/** In the format 2.1 of Postman's collections. */
function postmanCollection(requests: readonly Request[]): string {
  const folders = Map.groupBy(requests, ({ tag }) => tag);
  const collection = {
    info: {
      name: 'octane-bff',
      description:
        'Generated from openapi.json by `npm run docs`. Put access tokens into the variables of the collection.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value })),
    item: [...folders].map(([name, inFolder]) => ({
      name,
      item: inFolder.map((request) => ({
        name: request.name,
        request: {
          method: request.method,
          url: request.url,
          header: Object.entries(request.headers).map(([key, value]) => ({ key, value })),
          ...(request.body !== undefined && {
            body: { mode: 'raw', raw: request.body, options: { raw: { language: 'json' } } },
          }),
        },
      })),
    })),
  };
  return `${JSON.stringify(collection, undefined, 2)}\n`;
}

const requests = requestsOf(JSON.parse(readFileSync('openapi.json', 'utf8')) as Document);
const files = {
  'octane-bff.http': httpFile(requests),
  'octane-bff.postman_collection.json': postmanCollection(requests),
};
for (const [name, text] of Object.entries(files)) {
  const file = `${FOLDER}/${name}`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} is not what openapi.json says. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
    console.log(`Wrote ${file}`);
  }
}
