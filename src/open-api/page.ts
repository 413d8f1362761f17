import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Settings } from '../config/settings.ts';
import type { Page } from './open-api.ts';
import { scalarScript } from './scalar.ts';

/** Some of Scalar's colours have less contrast with their grounds than the 4.5 of WCAG. */
const STYLE = `
.light-mode { --scalar-color-2: #636363; --scalar-color-3: #6b6b6b; --scalar-color-green: #007a4d; --scalar-color-orange: #a83a00 }
.dark-mode { --scalar-color-3: #969696 }
`;

/** Of Scalar; its documentation is at https://scalar.com/products/api-references/configuration. */
const CONFIGURATION = {
  url: 'openapi.json',
  authentication: { preferredSecurityScheme: 'accessToken' },
  featuredClients: ['shell/curl', 'js/fetch', 'swift/nsurlsession', 'kotlin/okhttp', 'dart/http'],
  documentDownloadType: 'direct',
  customCss: STYLE,
  // What would ask another server than this one, or lead to it.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
};

/**
 * The interactive reference, drawn by Scalar: one page with everything in it but the OpenAPI document, so that it works wherever
 * the gateway does.
 *
 * @param docsTokenUrl where the page gets an access token; without it, one has to be pasted
 */
export async function makePage({ docsTokenUrl }: Pick<Settings, 'docsTokenUrl'>): Promise<Page> {
  const scalar = await scalarScript();
  const start = startScript(docsTokenUrl);
  const html = Buffer.concat([
    Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>octane-bff API reference</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript. The same for programs is <a href="openapi.json">openapi.json</a>.</noscript>
<script>`),
    scalar,
    Buffer.from(`</script>
<script type="module">${start}</script>
</body>
</html>
`),
  ]);
  return {
    html,
    gzip: await promisify(gzip)(html, { level: constants.Z_BEST_COMPRESSION }),
    contentSecurityPolicy: contentSecurityPolicy([scalar, start], docsTokenUrl),
  };
}

function startScript(docsTokenUrl: string | undefined): string {
  return `
const configuration = ${JSON.stringify(CONFIGURATION)};
// Requests go to the gateway that the page came from, whatever the document calls it.
configuration.servers = [{ url: new URL('.', location.href).href.slice(0, -1) }];
${docsTokenUrl === undefined ? '' : withToken(docsTokenUrl)}
Scalar.createApiReference('#reference', configuration);
`;
}

/** Without the sandbox the page comes without a token, and nobody can log in. */
function withToken(docsTokenUrl: string): string {
  return `
const answer = await fetch(${JSON.stringify(docsTokenUrl)}, { method: 'POST' }).then((response) => response.json()).catch(() => ({}));
configuration.authentication.securitySchemes = {
  accessToken: { token: answer.access_token },
  login: ${JSON.stringify(login(docsTokenUrl))},
};
`;
}

/** Beside the token of the document, a login in a window of its own that gives another one: authorization code flow with PKCE. */
function login(docsTokenUrl: string): object {
  const tokenUrl = new URL('/token', docsTokenUrl).href;
  const authorizationCode = {
    authorizationUrl: new URL('/auth', docsTokenUrl).href,
    tokenUrl,
    // Without a `refreshUrl` Scalar takes the flow to be broken, and forgets the client.
    refreshUrl: tokenUrl,
    scopes: {},
    'x-usePkce': 'SHA-256',
    'x-scalar-client-id': 'mobile-app',
  };
  return {
    type: 'oauth2',
    description: 'Log in to the sandbox as one of its users.',
    flows: { authorizationCode },
  };
}

/**
 * Scalar and the editor in it write style elements and attributes as they go, which no hash can foresee and, in a page that is the
 * same for everybody, no nonce can allow.
 */
function contentSecurityPolicy(
  scripts: readonly (string | Buffer)[],
  docsTokenUrl: string | undefined,
): string {
  const hashes = scripts.map((script) => `'sha256-${hash('sha256', script, 'base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    `connect-src 'self'${docsTokenUrl === undefined ? '' : ` ${new URL(docsTokenUrl).origin}`}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
