import { parseArgs } from 'node:util';
import { newProofKey } from './proof-key.ts';
import { logIn } from './log-in.ts';
import { requestToken } from './request-token.ts';
import { clients, logins, scopes, users } from './seed.ts';
import { usualIssuer } from './usual-ports.ts';

const usage = `Prints an access token of the running sandbox's identity provider.

  npm run token -- --client CLIENT [--custno N[,N]] [--scope SCOPES] [--issuer URL] [--dpop REQUEST]
  npm run token -- --user USER [--acr ACR] [--scope SCOPES] [--issuer URL] [--dpop REQUEST]

  --client   ${clients.map(({ clientId, actsFor }) => `${clientId}: ${actsFor}`).join('\n             ')}
  --custno   the customers in the token, separated by commas; selfcare-app needs it
  --user     logs this user in to mobile-app, as in a browser: ${users.map(({ userId }) => userId).join(', ')}
  --acr      how strong the login is: ${Object.keys(logins).join(' or ')}; default: basic
  --scope    the scopes of the token, in quotes, separated by spaces; default: ${scopes.join(' ')}
  --issuer   the identity provider; default: ${usualIssuer}
  --dpop     prints the headers of this request (in quotes), with a token that is bound to a new key
  --help     prints this

In a script: TOKEN=$(npm run --silent token -- --client selfcare-app --custno 700123)
portal-backend exchanges the token of a user: see docs/guides/token-exchange.md
With a bound token: npm run --silent token -- --client selfcare-app --custno 700123 --dpop "POST $URL" | curl -i -X POST -H @- "$URL"`;

try {
  const { values } = parseArgs({
    options: {
      client: { type: 'string' },
      custno: { type: 'string' },
      user: { type: 'string' },
      acr: { type: 'string' },
      scope: { type: 'string' },
      issuer: { type: 'string', default: usualIssuer },
      dpop: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(usage);
  } else {
    const { client, custno, user, acr, scope, issuer, dpop } = values;
    if (client === undefined && user === undefined) throw new Error(`--client is missing.\n\n${usage}`);
    if (user !== undefined && client !== undefined && client !== 'mobile-app') {
      throw new Error('--user logs in to mobile-app alone.');
    }
    if (!URL.canParse(issuer)) throw new Error('--issuer must be a URL.');
    const [method = '', url = ''] = dpop?.split(' ') ?? [];
    if (dpop !== undefined && !URL.canParse(url)) throw new Error('--dpop must be a method and a URL.');
    const key = dpop === undefined ? undefined : await newProofKey();
    const { accessToken } =
      user === undefined
        ? await requestToken({ issuer, client: client ?? '', custno, scope, key })
        : await logIn({ issuer, user, acr, scope, key });
    console.log(
      key
        ? `Authorization: DPoP ${accessToken}\nDPoP: ${await key.proofFor(method, url, accessToken)}`
        : accessToken,
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
