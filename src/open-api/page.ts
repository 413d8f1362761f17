import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { EXPLANATIONS } from '../http/problem-pages.ts';
import { escapeHtml, markdownToHtml } from './markdown.ts';

/** Of an OpenAPI document what the page shows. */
interface Shown {
  readonly info: { readonly title: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, ShownOperation>>>>;
  readonly components: {
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: { readonly accessToken: { readonly description: string } };
  };
}

interface ShownOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly { readonly $ref: string }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly description: string;
    readonly content: { readonly 'application/json': Media };
  };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Media {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, Example>>;
}

interface Example {
  readonly summary: string;
  readonly description?: string;
  readonly value: unknown;
}

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Media>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description: string;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema | boolean>>;
  readonly required?: readonly string[];
}

/** The page, and the policy that lets a browser run its script, use its style and call this gateway, and nothing else. */
export interface Page {
  readonly html: Buffer;
  readonly contentSecurityPolicy: string;
}

const STYLE = readFileSync(new URL('page/reference.css', import.meta.url), 'utf8');
const SCRIPT = readFileSync(new URL('page/reference.js', import.meta.url), 'utf8');

/**
 * The interactive reference: one page with everything in it, so that it works wherever the gateway does.
 *
 * @param document the OpenAPI document
 * @param refused a body for each operation id that is refused, to be tried
 * @param docsTokenUrl where the try-it gets a token; without it, one has to be pasted
 */
export function makePage(
  document: object,
  refused: Readonly<Record<string, unknown>>,
  { docsTokenUrl }: Pick<Settings, 'docsTokenUrl'>,
): Page {
  const { info, paths, components } = document as Shown;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const changes = operations.filter(({ operation }) => operation.requestBody);
  const others = operations.filter(({ operation }) => !operation.requestBody);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(info.title)} API reference</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="layout">
<nav aria-label="Contents">
<ul>
<li><a href="#content">About</a></li>
<li><a href="#access">Access token</a></li>
${changes.map(({ operation }) => `<li><a href="#${operation.operationId}">${escapeHtml(operation.summary)}</a></li>`).join('\n')}
<li><a href="#problems">Problems</a></li>
<li><a href="#more">More</a></li>
</ul>
</nav>
<main id="content">
<h1>${escapeHtml(info.title)} API reference</h1>
${markdownToHtml(info.description ?? '')}
<p>The same for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${accessSection()}
${changes.map(changeSection).join('\n')}
<section id="problems">
<h2>Problems</h2>
<p>Every refusal has one of these codes.</p>
<table class="problems">
<thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">What it means, what to do</th></tr></thead>
<tbody>
${EXPLANATIONS.map(
  ({ code, status, meaning, action }) =>
    `<tr id="problem-${code}"><td class="status">${status}</td><td><a href="problems/${code}"><code>${code}</code></a></td><td>${escapeHtml(meaning)} <em>${escapeHtml(action)}</em></td></tr>`,
).join('\n')}
</tbody>
</table>
</section>
<section id="more">
<h2>More</h2>
<p>Without a token:</p>
${others
  .map(
    ({ method, path, operation }) =>
      `<h3>${escapeHtml(operation.summary)}</h3>\n${route(method, path)}\n${markdownToHtml(operation.description)}`,
  )
  .join('\n')}
</section>
</main>
</div>
<script type="module">${SCRIPT}</script>
</body>
</html>
`;
  return { html: Buffer.from(html), contentSecurityPolicy: contentSecurityPolicy(docsTokenUrl) };

  function accessSection(): string {
    return `<section id="access">
<h2>Access token</h2>
${markdownToHtml(components.securitySchemes.accessToken.description)}
<div class="panel">
<h3>For the requests that you send from this page</h3>
<noscript><p class="bad">Sending requests from here needs JavaScript.</p></noscript>
<label for="token">Access token</label>
<input id="token" class="mono" autocomplete="off" spellcheck="false" placeholder="eyJ…" aria-describedby="token-state">
${docsTokenUrl === undefined ? '' : `<div class="row"><button id="get-token" type="button" value="${escapeHtml(docsTokenUrl)}">Get a sandbox token</button></div>`}
<p id="token-state" class="note" role="status"></p>
</div>
</section>`;
  }

  function changeSection({ method, path, operation }: (typeof changes)[number]): string {
    const { operationId, summary, description, requestBody } = operation;
    const media = requestBody!.content['application/json'];
    return `<section id="${operationId}" class="operation" aria-labelledby="${operationId}-title">
<h2 id="${operationId}-title">${escapeHtml(summary)}</h2>
${route(method, path)}
<div>
${markdownToHtml(description)}
<h3>Path and headers</h3>
<dl class="fields">
${operation.parameters.map(({ $ref }) => parameter(components.parameters[$ref.split('/').at(-1)!]!)).join('\n')}
</dl>
<h3>Body</h3>
${markdownToHtml(requestBody!.description)}
${fields(media.schema)}
<h3>Answers</h3>
${Object.entries(operation.responses).map(answer).join('\n')}
</div>
<div class="panel" role="group" aria-labelledby="${operationId}-try">
<h3 id="${operationId}-try">Try it</h3>
${form(operation, path, media)}
<div class="answer" role="status" aria-label="Answer"></div>
<details open><summary>As a command</summary><pre class="command"><code></code></pre></details>
</div>
</section>`;
  }

  function form({ operationId }: ShownOperation, path: string, { examples = {} }: Media): string {
    const id = (name: string): string => `${operationId}-${name}`;
    const choices = [
      ...Object.values(examples).map(({ summary, value }) => ({ summary, value })),
      { summary: 'A body that is refused', value: refused[operationId] },
    ].map(({ summary, value }) => ({ summary, text: JSON.stringify(value, null, 2) }));
    return `<form data-path="${escapeHtml(path)}">
<label for="${id('custno')}">Customer</label>
<input id="${id('custno')}" name="custno" class="mono" value="me" autocomplete="off" spellcheck="false">
<label for="${id('key')}">Idempotency-Key</label>
<div class="row"><input id="${id('key')}" name="key" class="mono" autocomplete="off" spellcheck="false"><button type="button" class="plain new-key">New key</button></div>
<label for="${id('example')}">Example</label>
<select id="${id('example')}" name="example">
${choices.map(({ summary, text }) => `<option value="${escapeHtml(text)}">${escapeHtml(summary)}</option>`).join('\n')}
</select>
<label for="${id('body')}">Body</label>
<textarea id="${id('body')}" name="body" rows="${Math.max(3, ...choices.map(({ text }) => text.split('\n').length))}" spellcheck="false">${escapeHtml(choices[0]!.text)}</textarea>
<div class="row"><button name="send">Send</button></div>
</form>`;
  }

  function fields(schema: Schema): string {
    const { properties = {}, required = [] } = resolve(schema);
    const rows = Object.entries(properties).flatMap(([name, property]) =>
      typeof property === 'boolean' ? [] : [field(name, property, required.includes(name))],
    );
    return rows.length === 0 ? '' : `<dl class="fields">\n${rows.join('\n')}\n</dl>`;
  }

  function field(name: string, property: Schema, isRequired: boolean): string {
    const schema = resolve(property);
    const description = property.description ?? schema.description ?? '';
    return `<dt>${heading(name, kindOf(schema), isRequired)}</dt>
<dd>${markdownToHtml(description)}${fields(schema)}</dd>`;
  }

  function resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : components.schemas[schema.$ref.split('/').at(-1)!]!;
  }
}

function route(method: string, path: string): string {
  return `<p class="route"><span class="method">${method}</span> <code>${escapeHtml(path)}</code></p>`;
}

function heading(name: string, kind: string, isRequired: boolean): string {
  return `<code>${escapeHtml(name)}</code> <span class="kind">${escapeHtml(kind)}</span>${isRequired ? ' <span class="required">required</span>' : ''}`;
}

function kindOf({ type = 'object', format, enum: values, minimum, maximum }: Schema): string {
  if (values) return values.join(' · ');
  if (minimum !== undefined && maximum !== undefined) return `${type}, ${minimum} to ${maximum}`;
  return format === 'date-time' ? `${type}, ${format}` : type;
}

function parameter({ name, in: place, required, description }: Parameter): string {
  return `<dt>${heading(name, place, required)}</dt>\n<dd>${markdownToHtml(description)}</dd>`;
}

function answer([status, { description, content = {} }]: [string, Answer]): string {
  const examples = Object.values(content).flatMap((media) => Object.values(media.examples ?? {}));
  const words = status.startsWith('2')
    ? description
    : Object.keys(content).length === 0
      ? ''
      : codesOf(content);
  return `<details><summary><span class="status ${status.startsWith('2') ? 'good' : 'bad'}">${status === 'default' ? 'other' : status}</span> ${status.startsWith('2') ? escapeHtml(words) : words}</summary>
${markdownToHtml(description)}
${examples
  .map(
    ({ summary, description: more, value }) =>
      `<h4>${escapeHtml(summary)}</h4>${more === undefined ? '' : markdownToHtml(more)}<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`,
  )
  .join('\n')}
</details>`;
}

function codesOf(content: Readonly<Record<string, Media>>): string {
  return Object.values(content)
    .flatMap(({ examples = {} }) => Object.keys(examples))
    .map((code) => `<code>${escapeHtml(code)}</code>`)
    .join(' ');
}

function contentSecurityPolicy(docsTokenUrl: string | undefined): string {
  const sha256 = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${sha256(SCRIPT)}`,
    `style-src ${sha256(STYLE)}`,
    `connect-src 'self'${docsTokenUrl === undefined ? '' : ` ${new URL(docsTokenUrl).origin}`}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
