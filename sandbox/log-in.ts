import { createHash, randomBytes } from 'node:crypto';
import type { ProofKey } from './proof-key.ts';
import { fetchToken, type Token } from './request-token.ts';

/** Where the phone's system would take the browser back to the app. */
const redirectUri = 'com.example.octane-bff:/callback';

/**
 * Logs a user in, as `mobile-app` and the user's browser do it together: authorization code flow with PKCE.
 *
 * @throws Error with a message for people, when nothing answers or the provider refuses
 */
export async function logIn(asked: {
  issuer: string;
  user: string;
  acr?: string | undefined;
  scope?: string | undefined;
  /** The token is bound to it. */
  key?: ProofKey | undefined;
}): Promise<Token> {
  const { issuer, user, acr = 'basic', scope, key } = asked;
  const client = { client_id: 'mobile-app', redirect_uri: redirectUri };
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    ...client,
    response_type: 'code',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(scope !== undefined && { scope }),
  });
  const answer = await authorize(issuer, query, { user, acr });
  const code = answer.get('code');
  if (code === null) {
    throw new Error(
      `The identity provider refused: ${answer.get('error_description') ?? 'there is no such user or login'}.`,
    );
  }
  const form = { ...client, grant_type: 'authorization_code', code, code_verifier: verifier };
  return fetchToken({ issuer, form: new URLSearchParams(form), key });
}

/**
 * What a browser does with an authorization request when somebody fills in the login page.
 *
 * @returns what the app is given with its redirect URI; nothing, where the provider does not come to that
 */
export async function authorize(
  issuer: string,
  query: URLSearchParams,
  choice: Record<string, string>,
): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let url = new URL(`/auth?${query.toString()}`, issuer);
  while (url.origin === new URL(issuer).origin) {
    const isLogin = url.pathname.startsWith('/login/');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map((cookie) => cookie.join('=')).join('; ') },
      ...(isLogin && { method: 'POST', body: new URLSearchParams(choice) }),
    }).catch(() => {
      throw new Error(
        `No identity provider answers at ${issuer}: start the sandbox with \`npm run sandbox\`.`,
      );
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^(.*?)=(.*?)(;|$)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (location === null) return new URLSearchParams();
    url = new URL(location, url);
  }
  return url.searchParams;
}
