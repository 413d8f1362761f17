import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import { readJson } from './read-json.ts';
import { logins, users } from './seed.ts';

export const loginPath = '/login/';

/**
 * Serves the page on which somebody chooses who logs in, and how, and takes what was chosen. There is no second page that asks for
 * consent: this one says what the app wants.
 *
 * @param resource what the scopes of the login are for
 */
export async function serveLogin(
  provider: Provider,
  resource: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { params } = await provider.interactionDetails(request, response);
    const clientId = String(params['client_id']);
    const scope = String(params['scope']);
    const offered = loginsFor(params['acr_values']);
    if (request.method !== 'POST') return show(response, 200, loginForm(clientId, scope, offered));

    const form = new URLSearchParams((await readJson(request))?.text);
    if (form.has('cancel')) {
      const refusal = { error: 'access_denied', error_description: 'the user has cancelled the login' };
      return await provider.interactionFinished(request, response, refusal);
    }
    const user = users.find(({ userId }) => userId === form.get('user'));
    const acr = offered.find((value) => value === form.get('acr'));
    if (!user || acr === undefined) return show(response, 400, loginForm(clientId, scope, offered));

    const grant = new provider.Grant({ accountId: user.userId, clientId });
    grant.addOIDCScope(scope);
    grant.addResourceScope(resource, scope);
    await provider.interactionFinished(request, response, {
      login: { accountId: user.userId, acr },
      consent: { grantId: await grant.save() },
    });
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    show(response, 400, '<h1>This login is over</h1><p>Begin anew in the app.</p>');
  }
}

/** Those of `acr_values` that there are, in the app's order; all, where it asks for none of them: it is a wish (OpenID Connect Core). */
function loginsFor(acrValues: unknown): string[] {
  const wished =
    typeof acrValues === 'string' ? acrValues.split(' ').filter((value) => Object.hasOwn(logins, value)) : [];
  return wished.length > 0 ? wished : Object.keys(logins);
}

/** All that it shows is known to the sandbox, so that nothing has to be escaped. */
function loginForm(clientId: string, scope: string, offered: readonly string[]): string {
  const who = users.map(
    ({ userId, name, custnos }, index) =>
      `<label><input type="radio" name="user" value="${userId}"${index === 0 ? ' checked' : ''}> ${name}, ${
        custnos.length === 0 ? 'no customer' : `customer ${custnos.join(' and ')}`
      }</label>`,
  );
  return `<h1>Log in to ${clientId}</h1>
<p>This is the sandbox. Choose who you are: nobody has a password.</p>
<form method="post">
<fieldset><legend>Who logs in?</legend>
${who.join('\n')}
</fieldset>
<p>The app may then use: ${scope.replaceAll(' ', ', ')}.</p>
${offered.map((acr) => `<button name="acr" value="${acr}">${logins[acr]}</button>`).join('\n')}
<button name="cancel" value="yes">Cancel</button>
</form>`;
}

function show(response: ServerResponse, status: number, main: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    // Nothing of form-action: a browser would hold it against the app's redirect URI too.
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  }).end(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in to the sandbox</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }
main { max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
label { display: block; padding: 0.4rem 0 }
button { font: inherit; padding: 0.4rem 1rem; margin: 0.3rem 0.3rem 0 0 }
</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`);
}
