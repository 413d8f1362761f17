import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { loadGatewayFile } from './gateway-file.ts';
import { loadSettings, type Setting, SETTINGS_TABLE } from './settings.ts';

const example = readFileSync('.env.example', 'utf8');
/** What the sandbox needs, beside the credentials of its groups. */
const SANDBOX = {
  OCTANE_BASE_URL: 'http://localhost:4001/tiab/api',
  OPERATIONS_FILE: 'config/operations.yaml',
  CUSTOMER_CHANGE_RATE_LIMIT: '100',
  WELCOME_EMAIL_RATE_LIMIT: '100',
  DOCS_TOKEN_URL: 'http://localhost:4002/docs-token',
};
const settings = Object.values<Setting<unknown>>(SETTINGS_TABLE);

describe('.env.example', () => {
  it('names every variable once, in the order of the documentation, with its meaning', () => {
    const named = [...example.matchAll(/^# (?<meaning>.*)\n(#\s*)?(?<variable>[A-Z_]+)=/gm)].map((match) => ({
      variable: match.groups?.['variable'],
      meaning: match.groups?.['meaning'],
    }));
    expect(named).toEqual(settings.map(({ variable, meaning }) => ({ variable, meaning })));
  });

  it('shows the default of every variable that it leaves out', () => {
    const shown = [...example.matchAll(/^#(?<variable>[A-Z_]+)=(?<text>.*)$/gm)].map((match) => [
      match.groups?.['variable'],
      match.groups?.['text'],
    ]);
    const optional = settings.filter(({ variable }) => !(variable in SANDBOX));
    expect(shown).toEqual(optional.map(({ variable, default: text = '' }) => [variable, text]));
  });

  it('sets what the sandbox needs and starts as it is', () => {
    const loaded = loadSettings(parseEnv(example));
    expect(parseEnv(example)).toMatchObject(SANDBOX);
    const authorizations = loadGatewayFile(loaded).groups.map((group) => group.basicAuthorization());
    expect(authorizations.map((value) => atob(value.replace('Basic ', '')))).toEqual([
      'sandbox-1001:sandbox-only-1001',
      'sandbox-2002:sandbox-only-2002',
    ]);
  });

  it('sets nothing beside the settings but the secrets that the gateway file names', () => {
    const { groups } = parse(readFileSync('config/gateway.yaml', 'utf8')) as {
      groups: { usernameEnv: string; passwordEnv: string }[];
    };
    const secrets = groups.flatMap(({ usernameEnv, passwordEnv }) => [usernameEnv, passwordEnv]);
    expect(Object.keys(parseEnv(example)).toSorted()).toEqual(
      [...Object.keys(SANDBOX), ...secrets].toSorted(),
    );
  });
});
