import { isObject } from './fields.ts';
import type { ProofKey } from './proof-key.ts';
import { clients } from './seed.ts';

export interface Token {
  accessToken: string;
  lifetimeSeconds: number;
}

/**
 * Gets an access token from the sandbox's identity provider by the client credentials grant.
 *
 * @throws Error with a message for people, when there is no such client, nothing answers or the provider refuses
 */
export async function requestToken(asked: {
  issuer: string;
  client: string;
  custno?: string | undefined;
  scope?: string | undefined;
  /** The token is bound to it. */
  key?: ProofKey | undefined;
}): Promise<Token> {
  const { issuer, key } = asked;
  const client = clients.find(({ clientId }) => clientId === asked.client);
  if (!client) {
    const known = clients.map(({ clientId }) => clientId).join(', ');
    throw new Error(`There is no client ${asked.client}: the sandbox has ${known}.`);
  }
  if (client.clientSecret === undefined) {
    throw new Error(`${client.clientId} has no secret: a user logs in to it. Name one with --user.`);
  }
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (asked.custno !== undefined) form.set('custno', asked.custno);
  if (asked.scope !== undefined) form.set('scope', asked.scope);
  return fetchToken({ issuer, form, key, credentials: `${client.clientId}:${client.clientSecret}` });
}

/**
 * Sends a token request.
 *
 * @throws Error with a message for people, when nothing answers or the provider refuses
 */
export async function fetchToken(asked: {
  issuer: string;
  form: URLSearchParams;
  key?: ProofKey | undefined;
  /** `id:secret`; none for a public client. */
  credentials?: string;
}): Promise<Token> {
  const { issuer, form, key, credentials } = asked;
  const url = new URL('/token', issuer);
  const proof = await key?.proofFor('POST', url.href);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...(credentials !== undefined && { Authorization: `Basic ${btoa(credentials)}` }),
      ...(proof !== undefined && { DPoP: proof }),
    },
    body: form,
  }).catch(() => {
    throw new Error(`No identity provider answers at ${issuer}: start the sandbox with \`npm run sandbox\`.`);
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const {
    access_token: accessToken,
    expires_in: lifetimeSeconds,
    error_description: refusal,
  } = isObject(answer) ? answer : {};
  if (typeof refusal === 'string') throw new Error(`The identity provider refused: ${refusal}.`);
  if (typeof accessToken !== 'string' || typeof lifetimeSeconds !== 'number') {
    throw new Error(`What answers at ${issuer} is not the sandbox's identity provider.`);
  }
  return { accessToken, lifetimeSeconds };
}
