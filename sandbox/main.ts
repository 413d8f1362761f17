import { styleText } from 'node:util';
import { errorCode } from './listen.ts';
import { clients, groups, users } from './seed.ts';
import { startSandbox, type Sandbox } from './start.ts';
import { usualIssuer, usualPorts, type SandboxPorts } from './usual-ports.ts';
import { stopRequested } from './stop.ts';

const portVariables = {
  octane: 'SANDBOX_OCTANE_PORT',
  identityProvider: 'SANDBOX_IDENTITY_PROVIDER_PORT',
  control: 'SANDBOX_CONTROL_PORT',
} satisfies Record<keyof SandboxPorts, string>;

try {
  const stop = stopRequested();
  const sandbox = await startSandbox(
    {
      octane: portFrom('octane'),
      identityProvider: portFrom('identityProvider'),
      control: portFrom('control'),
    },
    process.env['SANDBOX_HOST'],
  );
  console.log(introduction(sandbox));
  await stop;
  await sandbox.close();
} catch (error) {
  console.error(explained(error));
  process.exitCode = 1;
}

function portFrom(name: keyof SandboxPorts): number {
  const variable = portVariables[name];
  const text = process.env[variable];
  if (text === undefined || text === '') return usualPorts[name];
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new Error(`${variable} must be a port, 0 to 65535.`);
  return Number(text);
}

function explained(error: unknown): string {
  if (errorCode(error) === 'EADDRINUSE') {
    const { port } = error as { port?: number };
    return `Port ${port} is taken: free it, or choose others with ${Object.values(portVariables).join(', ')}.`;
  }
  return error instanceof Error ? error.message : String(error);
}

function introduction({ octane, identityProvider, gatewayEnvironment }: Sandbox): string {
  const { issuer } = identityProvider;
  const title = (text: string) => styleText('bold', text);
  const note = (text: string) => styleText('dim', text);
  const elsewhere = issuer !== usualIssuer;
  return [
    title('The sandbox is up. Ctrl-C stops it.'),
    '',
    `  Octane             ${octane.url}`,
    `  its control        ${octane.controlUrl}   ${note('GET / explains it')}`,
    `  identity provider  ${issuer}   ${note('/.well-known/openid-configuration')}`,
    '',
    ...groups.map(
      ({ groupno, customers }) =>
        `  group ${groupno}  customers ${customers.map(({ custno }) => custno).join(', ')}`,
    ),
    ...clients.map(({ clientId, actsFor }) => `  client ${clientId}  acts for ${actsFor}`),
    `  users ${users.map(({ userId }) => userId).join(', ')}  log in to mobile-app`,
    '',
    title('The gateway, in another shell'),
    '',
    ...Object.entries(gatewayEnvironment).map(([name, value]) => `  export ${name}=${value}`),
    ...(elsewhere ? [note(`  # and a GATEWAY_FILE with ${issuer} in place of ${usualIssuer}`)] : []),
    '  npm run start:dev',
    '',
    title('To try'),
    '',
    `  npm run token -- --client selfcare-app --custno 700123${elsewhere ? ` --issuer ${issuer}` : ''}`,
    `  curl ${octane.controlUrl}/requests`,
    `  curl -X PUT ${octane.controlUrl}/fault -d '{"kind":"status","status":503,"once":true}'`,
    '',
  ].join('\n');
}
