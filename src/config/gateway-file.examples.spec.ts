import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadGatewayFile } from './gateway-file.ts';

/** A recipe may leave out what has nothing to do with the provider. */
interface Example {
  issuers: { issuer: string }[];
  callers?: object[];
  groups?: object[];
}

function examplesOf(path: string): Example[] {
  const blocks = readFileSync(path, 'utf8').matchAll(/^```yaml\n(?<yaml>.*?)^```$/gms);
  return [...blocks].map((block) => parse(block.groups?.['yaml'] ?? '') as Example);
}

const EXAMPLES = ['docs/configuration.md', 'docs/identity-providers.md'].flatMap(examplesOf);

describe('the gateway files in the documentation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'examples-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are one for the reference and nine for the providers', () => {
    expect(EXAMPLES).toHaveLength(10);
  });

  it.each(EXAMPLES.map((example) => [example.issuers[0]?.issuer, example] as const))(
    'load: %s',
    (issuer, example) => {
      writeFileSync(join(folder, 'password'), 'secret');
      const caller = { clientId: 'x', issuer, groupno: '1001', customers: 'any' };
      const group = { groupno: '1001', usernameEnv: 'USERNAME', passwordEnv: 'PASSWORD' };
      const whole = stringify({ callers: [caller], groups: [group], ...example });
      const gatewayFile = join(folder, 'gateway.yaml');
      writeFileSync(gatewayFile, whole.replaceAll('/run/secrets/octane-1001-password', 'password'));
      const config = loadGatewayFile({ gatewayFile, allowInsecureHttp: false, readSecret: () => 'secret' });
      expect(config.issuers.map((entry) => entry.issuer)).toEqual([issuer]);
    },
  );
});
