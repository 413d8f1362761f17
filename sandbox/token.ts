import { parseArgs } from 'node:util';
import { requestToken } from './request-token.ts';
import { clients, scopes } from './seed.ts';
import { usualIssuer } from './usual-ports.ts';

const usage = `Prints an access token of the running sandbox's identity provider.

  npm run token -- --client CLIENT [--custno N] [--scope SCOPES] [--issuer URL]

  --client   ${clients.map(({ clientId, actsFor }) => `${clientId}: ${actsFor}`).join('\n             ')}
  --custno   the one customer that the token is for; selfcare-app needs it
  --scope    in quotes, with a space between; when left out: ${scopes.join(' ')}
  --issuer   the identity provider; when left out: ${usualIssuer}
  --help     prints this

In a script: TOKEN=$(npm run --silent token -- --client selfcare-app --custno 700123)`;

try {
  const { values } = parseArgs({
    options: {
      client: { type: 'string' },
      custno: { type: 'string' },
      scope: { type: 'string' },
      issuer: { type: 'string', default: usualIssuer },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(usage);
  } else {
    const { client, custno, scope, issuer } = values;
    if (client === undefined) throw new Error(`--client is missing.\n\n${usage}`);
    if (!URL.canParse(issuer)) throw new Error('--issuer must be a URL.');
    const { accessToken } = await requestToken({ issuer, client, custno, scope });
    console.log(accessToken);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
