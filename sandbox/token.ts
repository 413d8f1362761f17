import { parseArgs } from 'node:util';
import { newProofKey } from './proof-key.ts';
import { requestToken } from './request-token.ts';
import { clients, scopes } from './seed.ts';
import { usualIssuer } from './usual-ports.ts';

const usage = `Prints an access token of the running sandbox's identity provider.

  npm run token -- --client CLIENT [--custno N] [--scope SCOPES] [--issuer URL] [--dpop REQUEST]

  --client   ${clients.map(({ clientId, actsFor }) => `${clientId}: ${actsFor}`).join('\n             ')}
  --custno   the one customer that the token is for; selfcare-app needs it
  --scope    in quotes, with a space between; when left out: ${scopes.join(' ')}
  --issuer   the identity provider; when left out: ${usualIssuer}
  --dpop     for one request, in quotes: a token that is bound to a new key, as the headers of that request
  --help     prints this

In a script: TOKEN=$(npm run --silent token -- --client selfcare-app --custno 700123)
With a bound one: npm run --silent token -- --client selfcare-app --custno 700123 --dpop "POST $URL" | curl -i -X POST -H @- "$URL"`;

try {
  const { values } = parseArgs({
    options: {
      client: { type: 'string' },
      custno: { type: 'string' },
      scope: { type: 'string' },
      issuer: { type: 'string', default: usualIssuer },
      dpop: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(usage);
  } else {
    const { client, custno, scope, issuer, dpop } = values;
    if (client === undefined) throw new Error(`--client is missing.\n\n${usage}`);
    if (!URL.canParse(issuer)) throw new Error('--issuer must be a URL.');
    const [method = '', url = ''] = dpop?.split(' ') ?? [];
    if (dpop !== undefined && !URL.canParse(url)) throw new Error('--dpop must be a method and a URL.');
    const key = dpop === undefined ? undefined : await newProofKey();
    const { accessToken } = await requestToken({ issuer, client, custno, scope, key });
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
