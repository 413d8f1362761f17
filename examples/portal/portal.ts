import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
// In a project of your own: from 'octane-bff-client'.
import { createClient, isOctaneBffError } from '../../clients/typescript/src/index.ts';

export interface PortalOptions {
  /** Of octane-bff. */
  readonly gatewayUrl: string;
  /** Of the identity provider. */
  readonly tokenUrl: string;
  /** The portal's own client, which may exchange tokens. */
  readonly clientId: string;
  readonly clientSecret: string;
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const BODY_LIMIT = '16kb';

/** The backend of a customer portal: its pages send the user's access token, and a key for each change. */
export function createPortal(options: PortalOptions): Express {
  const portal = express();
  portal.disable('x-powered-by');
  portal.use(express.json({ limit: BODY_LIMIT }));

  portal.post('/api/direct-debit', async (request, response) => {
    const userToken = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    if (userToken === undefined) {
      response.status(401).json({ message: 'Please log in.' });
      return;
    }
    const client = createClient({ baseUrl: options.gatewayUrl, token: () => exchanged(userToken, options) });
    const { answer, requestId } = await client.setDirectDebit('me', request.body, {
      // The page made it when the customer pressed the button, and sends it again with each try.
      idempotencyKey: request.get('idempotency-key'),
    });
    response.json({ ...answer, requestId });
  });

  portal.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    if (error instanceof LoginIsOver)
      return void response.status(401).json({ message: 'Please log in again.' });
    if (!isOctaneBffError(error)) {
      // Express says so of a body that is no JSON, or too long.
      const { status = 500 } = error as { status?: number };
      return void response.status(status).json({ message: 'Something is wrong here.' });
    }
    const { status, code, outcome, requestId } = error;
    // `outcome` decides what the page says: "nothing was changed", or "we do not know".
    response
      .status(status ?? 502)
      .json({ code, outcome, requestId, ...('errors' in error && { errors: error.errors }) });
  });
  return portal;
}

/** The provider does not take the user's token any more. */
class LoginIsOver extends Error {}

/**
 * The user's token for one of the portal (RFC 8693): it says whose customer it is, and that the portal acts. A busy portal keeps it
 * until it expires.
 */
async function exchanged(userToken: string, options: PortalOptions): Promise<string> {
  const response = await askForToken(options, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: userToken,
    subject_token_type: ACCESS_TOKEN,
  });
  if (response.status === 400) throw new LoginIsOver();
  return tokenOf(response);
}

/**
 * For a nightly job, which acts for no user: the client credentials grant, with a client that the gateway file allows every customer.
 *
 * @returns what did not work, a line each
 */
export async function sendWelcomeEmails(
  custnos: readonly string[],
  options: PortalOptions,
): Promise<string[]> {
  const client = createClient({ baseUrl: options.gatewayUrl, token: () => ownToken(options) });
  const failed: string[] = [];
  for (const custno of custnos) {
    try {
      // One key for each customer: when the job runs again, nobody gets the email twice within a day.
      await client.sendWelcomeEmail(custno, { idempotencyKey: `welcome-${custno}` });
    } catch (error) {
      if (!isOctaneBffError(error)) throw error;
      failed.push(`${custno}: ${error.code}, ${error.outcome}, request ${error.requestId}`);
    }
  }
  return failed;
}

async function ownToken(options: PortalOptions): Promise<string> {
  return tokenOf(
    await askForToken(options, { grant_type: 'client_credentials', scope: 'welcome-email:send' }),
  );
}

function askForToken(
  { tokenUrl, clientId, clientSecret }: PortalOptions,
  form: Record<string, string>,
): Promise<globalThis.Response> {
  return fetch(tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams(form),
  });
}

async function tokenOf(response: globalThis.Response): Promise<string> {
  if (!response.ok) throw new Error(`the identity provider answered ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
