import { dirname, resolve } from 'node:path';
import { cutBlocked } from './blocked-lines.ts';
import { InvalidValue } from './configuration-error.ts';
import { Faults } from './faults.ts';
import { FileReadings } from './file-readings.ts';
import {
  type CallerConfig,
  type GatewayConfig,
  type GroupChoice,
  GroupConfig,
  type IssuerConfig,
  type IssuerKeySource,
} from './gateway-config.ts';
import type { CallerEntry, GroupEntry, IssuerEntry } from './gateway-file.dto.ts';
import { readBlocked } from './gateway-file.blocked.ts';
import { checkReferences } from './gateway-file.references.ts';
import { type GatewayFileEntries, type Located, checkShape } from './gateway-file.shape.ts';
import { parseHttpUrl, requireProtectedTransport } from './http-url.ts';
import { type OctaneTlsSettings, readOctaneTls } from './octane-tls.ts';
import { parsePublicKeys } from './public-key-file.ts';
import { SETTINGS_TABLE, type Settings } from './settings.ts';
import { parseYaml } from './yaml-text.ts';

export {
  type Blocked,
  type CallerConfig,
  type GatewayConfig,
  type GroupChoice,
  GroupConfig,
  type IssuerConfig,
  SIGNATURE_ALGORITHMS,
} from './gateway-config.ts';

/** The settings that say which file it is and how it is read. */
export type GatewayFileSettings = Pick<Settings, 'gatewayFile' | 'allowInsecureHttp' | 'readSecret'> &
  OctaneTlsSettings;

/**
 * Reads the gateway file, the secrets and the key files that it names, and the files of TLS to Octane, and checks them whole.
 * Paths in the file are relative to its folder.
 *
 * @param files takes up every file that is read, also when it is refused
 * @throws ConfigurationError with every fault at once; no fault shows a secret
 */
export function loadGatewayFile(settings: GatewayFileSettings, files = new FileReadings()): GatewayConfig {
  const faults = new Faults();
  const octaneTls = readOctaneTls(settings, files, faults);
  const { written, entries } = readEntries(settings.gatewayFile, files, faults);
  const sources = { settings, folder: dirname(resolve(settings.gatewayFile)), files, faults };
  const blocked = readBlocked(written, entries, faults);
  const issuers = entries.issuers.flatMap((located) => issuerOf(located, sources) ?? []);
  const callers = entries.callers.map(({ entry }) => callerOf(entry));
  const groups = entries.groups.flatMap((located) => groupOf(located, sources) ?? []);
  faults.throwIfAny();
  return deepFreeze({ issuers, callers, groups, blocked, octaneTls });
}

/** The issuers and groups of the gateway file, by their names. */
export interface ConfigNames {
  readonly issuers: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/**
 * Reads only who stands in the gateway file, and none of the secrets and key files that it names.
 *
 * @throws ConfigurationError
 */
export function namesOfGatewayFile(gatewayFile: string): ConfigNames {
  const faults = new Faults();
  const { entries } = readEntries(gatewayFile, new FileReadings(), faults);
  faults.throwIfAny();
  return {
    issuers: new Set(entries.issuers.map(({ entry }) => entry.issuer)),
    groups: new Set(entries.groups.map(({ entry }) => entry.groupno)),
  };
}

/**
 * @returns the entries, and what stands under `blocked`
 * @throws ConfigurationError where it is no YAML at all
 */
function readEntries(
  gatewayFile: string,
  files: FileReadings,
  faults: Faults,
): { written: unknown; entries: GatewayFileEntries } {
  const place = SETTINGS_TABLE.gatewayFile.variable;
  const text = faults.attempt(place, () => files.text(resolve(gatewayFile))) ?? '';
  faults.throwIfAny();
  const cut = cutBlocked(text);
  const content = parseYaml(cut?.rest ?? text, place, faults, { dates: 'Date' });
  faults.throwIfAny();
  const entries = checkShape(content, place, faults);
  checkReferences(entries, faults);
  return { written: cut?.blocked ?? (content as { blocked?: unknown } | null)?.blocked, entries };
}

/** What the reading of an entry needs beside the entry, and where it leaves what it found. */
interface Sources {
  readonly settings: GatewayFileSettings;
  /** The folder of the gateway file. */
  readonly folder: string;
  readonly files: FileReadings;
  readonly faults: Faults;
}

function issuerOf(located: Located<IssuerEntry>, sources: Sources): IssuerConfig | undefined {
  const { issuer, audience, algorithms, requireAccessTokenType, clientIdClaim, audienceClaim } =
    located.entry;
  const { requireSenderConstrained, maxTokenLifetimeSeconds } = located.entry;
  const keys = keysOf(located, sources);
  return (
    keys && {
      issuer,
      audience: [audience].flat(),
      keys,
      algorithms,
      requireAccessTokenType,
      requireSenderConstrained,
      clientIdClaim,
      audienceClaim,
      maxTokenLifetimeSeconds,
    }
  );
}

function keysOf(located: Located<IssuerEntry>, sources: Sources): IssuerKeySource | undefined {
  const { settings, faults } = sources;
  const source = onlySource(located, 'jwksUri', 'publicKeyFile', faults);
  if (!source) return undefined;
  return faults.attempt(source.place, () => {
    if (source.property === 'publicKeyFile') return parsePublicKeys(textOf(source.text, sources));
    const url = parseHttpUrl(source.text);
    requireProtectedTransport(url, settings.allowInsecureHttp);
    return { kind: 'jwksUri', jwksUri: url.href };
  });
}

function callerOf(entry: CallerEntry): CallerConfig {
  const { clientId, issuer, customers, custnoClaim, directory, scopes, rateLimit } = entry;
  const groupno = groupChoiceOf(entry);
  return { clientId, issuer, groupno, customers, custnoClaim, directory, scopes, rateLimit };
}

function groupChoiceOf({ groupno = '', groupnoClaim, groups = {} }: CallerEntry): GroupChoice {
  return groupnoClaim === undefined ? { only: groupno } : { claim: groupnoClaim, groups };
}

function groupOf(located: Located<GroupEntry>, sources: Sources): GroupConfig | undefined {
  const { faults } = sources;
  const usernameSource = onlySource(located, 'usernameEnv', 'usernameFile', faults);
  const passwordSource = onlySource(located, 'passwordEnv', 'passwordFile', faults);
  const username =
    usernameSource &&
    faults.attempt(usernameSource.place, () => withoutColon(readSecret(usernameSource, sources)));
  const password =
    passwordSource && faults.attempt(passwordSource.place, () => readSecret(passwordSource, sources));
  if (username === undefined || password === undefined) return undefined;
  return new GroupConfig(located.entry.groupno, username, password);
}

interface Source {
  readonly property: string;
  readonly place: string;
  readonly text: string;
}

/** The one of two properties that the entry gives; undefined, and a fault, when it gives none, both, or a wrong one. */
function onlySource<Property extends string>(
  { path, entry }: Located<{ readonly [P in Property]?: string }>,
  first: Property,
  second: Property,
  faults: Faults,
): Source | undefined {
  const given = [first, second].filter((property) => entry[property] !== undefined);
  const property = given[0] ?? first;
  const place = `${path}.${property}`;
  if (given.length === 0) faults.add(place, `is required, or ${second}`);
  if (given.length === 2)
    faults.add(`${path}.${second}`, `is a second source beside ${first}: keep one of them`);
  const text = entry[property];
  return given.length !== 1 || text === undefined || faults.has(place)
    ? undefined
    : { property, place, text };
}

function readSecret({ property, text }: Source, sources: Sources): string {
  return property.endsWith('Env')
    ? readSecretVariable(text, sources.settings)
    : withoutNewline(textOf(text, sources));
}

function readSecretVariable(variable: string, settings: GatewayFileSettings): string {
  const secret = settings.readSecret(variable);
  if (secret !== undefined) return secret;
  // What does not look like the name of a variable may be a secret that was put in the place of one.
  const name = /^[A-Z_][A-Z0-9_]*$/.test(variable)
    ? `the variable ${variable}`
    : 'the variable that it names';
  throw new InvalidValue(`${name} is not set or empty`);
}

function withoutNewline(text: string): string {
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new InvalidValue('the file is empty');
  return secret;
}

function withoutColon(username: string): string {
  if (username.includes(':')) throw new InvalidValue('the username must not contain a colon (RFC 7617)');
  return username;
}

function textOf(path: string, { folder, files }: Sources): string {
  return files.text(resolve(folder, path));
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  }
  return Object.freeze(value);
}
