import { InvalidValue } from './configuration-error.ts';
import { parseDatabaseUrl, requireVerifiedDatabase } from './database-url.ts';
import { Faults } from './faults.ts';
import { FileReadings } from './file-readings.ts';
import { parseBaseUrl, parseLoopbackUrl, requireProtectedTransport } from './http-url.ts';
import {
  type Parser,
  anyText,
  filePath,
  hostToListenOn,
  networks,
  oneOf,
  positiveNumber,
  proxyUrl,
  trueOrFalse,
  wholeNumber,
} from './setting-values.ts';
import { type UnreadVariable, unreadVariables } from './unread-variables.ts';

/** One environment variable: how it is read, and what the documentation says of it. */
export interface Setting<T> {
  readonly variable: string;
  /** One line for the person who sets it. */
  readonly meaning: string;
  readonly required: boolean;
  /** What counts when the variable is unset, as one would write it. */
  readonly default: string | undefined;
  readonly parse: Parser<T>;
}

const port = wholeNumber(0, 65_535);
/** A day. Timers hold 24 days at most, and sums of several settings must fit too. */
const MOST_MS = 86_400_000;
const timeoutMs = wholeNumber(1, MOST_MS);
const delayMs = wholeNumber(0, MOST_MS);
/** What an integer column of PostgreSQL holds, where the counters of the limits may live. */
const limit = wholeNumber(1, 2_147_483_647);

/** Every setting, in the order of the documentation. The names, defaults and units are a promise to operators. */
export const SETTINGS_TABLE = {
  host: withDefault('HOST', '0.0.0.0', hostToListenOn, 'Address that the API listens on.'),
  port: withDefault('PORT', '3000', port, 'Port of the API; 0 takes any free one.'),
  managementHost: withDefault(
    'MANAGEMENT_HOST',
    '127.0.0.1',
    hostToListenOn,
    'Address that health and metrics listen on; keep it off the public network.',
  ),
  managementPort: withDefault(
    'MANAGEMENT_PORT',
    '3001',
    port,
    'Port of health and metrics; 0 takes any free one.',
  ),
  octaneBaseUrl: required(
    'OCTANE_BASE_URL',
    parseBaseUrl,
    "URL of Octane's API, for example https://benzine.telcoinabox.com/tiab/api; http: only for a loopback host.",
  ),
  allowInsecureHttp: withDefault(
    'ALLOW_INSECURE_HTTP',
    'false',
    trueOrFalse,
    'true allows Octane, issuers, database and collector without verified TLS, for a closed container network.',
  ),
  gatewayFile: withDefault(
    'GATEWAY_FILE',
    'config/gateway.yaml',
    filePath,
    'YAML file with the issuers, callers and groups.',
  ),
  operationsFile: optional(
    'OPERATIONS_FILE',
    filePath,
    'File that lists the open operations of Octane; unset: direct-debit and welcome-email.',
  ),
  databaseUrl: withDefault(
    'DATABASE_URL',
    'sqlite:data/gateway.db',
    parseDatabaseUrl,
    'Database of the journal: sqlite:PATH (embedded) or postgres://… (shared by replicas; needs verified TLS to another machine).',
  ),
  databaseUrlFile: optional(
    'DATABASE_URL_FILE',
    filePath,
    'File that holds DATABASE_URL; set it instead of the variable.',
  ),
  migrateOnStart: withDefault(
    'MIGRATE_ON_START',
    'true',
    trueOrFalse,
    'false: a start does not update the schema of the database, and exits if it is too old; npm run migrate updates it.',
  ),
  directDebitRules: withDefault(
    'DIRECT_DEBIT_RULES',
    'standard',
    oneOf('documented', 'standard', 'strict'),
    'How strictly a direct debit is checked: documented, standard or strict.',
  ),
  octaneTimeoutMs: withDefault(
    'OCTANE_TIMEOUT_MS',
    '10000',
    timeoutMs,
    'Timeout of one call to Octane in milliseconds, retries included.',
  ),
  octaneConnectTimeoutMs: withDefault(
    'OCTANE_CONNECT_TIMEOUT_MS',
    '2000',
    timeoutMs,
    'Timeout for opening a connection to Octane in milliseconds, for all addresses of the host together.',
  ),
  octaneCaFile: optional(
    'OCTANE_CA_FILE',
    filePath,
    'File of the CA certificates (PEM) that TLS to Octane trusts, instead of those of Node.',
  ),
  octaneClientCertFile: optional(
    'OCTANE_CLIENT_CERT_FILE',
    filePath,
    'File of the client certificate (PEM) that the gateway shows to Octane.',
  ),
  octaneClientKeyFile: optional(
    'OCTANE_CLIENT_KEY_FILE',
    filePath,
    'File of the private key (PEM) of that certificate, without a passphrase.',
  ),
  httpsProxy: optional(
    'HTTPS_PROXY',
    proxyUrl,
    'Proxy for requests to Octane and the issuers, such as http://proxy.example.com:3128.',
  ),
  noProxy: withDefault(
    'NO_PROXY',
    '',
    anyText,
    'Hosts to reach without the proxy, separated by commas: names, addresses, networks or *, with or without a port.',
  ),
  octaneMaxInFlight: withDefault(
    'OCTANE_MAX_IN_FLIGHT',
    '50',
    wholeNumber(1, 10_000),
    'Most calls to Octane at the same time; as many again may wait, for 1 s at most.',
  ),
  octaneRateLimit: optional(
    'OCTANE_RATE_LIMIT',
    limit,
    'Most calls to Octane a minute for one group, over all replicas.',
  ),
  callerRateLimit: withDefault(
    'CALLER_RATE_LIMIT',
    '600',
    limit,
    "Most requests a minute of one caller, over all replicas; rateLimit in the caller's entry overrides it.",
  ),
  userRateLimit: withDefault(
    'USER_RATE_LIMIT',
    '120',
    limit,
    'Most requests a minute of one user of a caller with customers: own, over all replicas.',
  ),
  customerChangeRateLimit: withDefault(
    'CUSTOMER_CHANGE_RATE_LIMIT',
    '20',
    limit,
    'Most changes an hour of one customer by one operation, over all replicas; not for the welcome email.',
  ),
  welcomeEmailRateLimit: withDefault(
    'WELCOME_EMAIL_RATE_LIMIT',
    '5',
    limit,
    'Most welcome emails an hour to one customer, over all replicas.',
  ),
  authFailureRateLimit: withDefault(
    'AUTH_FAILURE_RATE_LIMIT',
    '60',
    limit,
    'Most bad tokens a minute from one peer address; beyond it a bad token gets 429 instead of 401.',
  ),
  trustedProxies: withDefault(
    'TRUSTED_PROXIES',
    '',
    networks,
    'Addresses or networks of proxies whose X-Forwarded-For is trusted, separated by commas.',
  ),
  idempotencyTtlHours: withDefault(
    'IDEMPOTENCY_TTL_HOURS',
    '24',
    positiveNumber(87_600),
    'Hours that an Idempotency-Key is remembered; may be a fraction.',
  ),
  journalRetentionDays: withDefault(
    'JOURNAL_RETENTION_DAYS',
    '400',
    wholeNumber(1, 36_500),
    'Days that a record of the journal is kept.',
  ),
  drainDelayMs: withDefault(
    'DRAIN_DELAY_MS',
    '2000',
    delayMs,
    'Milliseconds after SIGTERM during which the gateway still accepts requests.',
  ),
  shutdownGraceMs: withDefault(
    'SHUTDOWN_GRACE_MS',
    '15000',
    timeoutMs,
    'Milliseconds after SIGTERM after which the gateway exits at the latest.',
  ),
  keepAliveTimeoutMs: withDefault(
    'KEEP_ALIVE_TIMEOUT_MS',
    '620000',
    timeoutMs,
    'Milliseconds that an idle client connection stays open; set it longer than the load balancer keeps one.',
  ),
  docs: withDefault('DOCS', 'on', oneOf('on', 'off'), 'off: /docs and /openapi.json answer 404.'),
  maxEventLoopDelayMs: withDefault(
    'MAX_EVENT_LOOP_DELAY_MS',
    '1000',
    delayMs,
    'Mean event loop delay over a second, in milliseconds, beyond which new requests get 503; 0: never.',
  ),
  publicUrl: optional(
    'PUBLIC_URL',
    parseBaseUrl,
    'Public URL of the API: comes before /problems/… in the type of a problem, and before the path in `htu` of DPoP proofs.',
  ),
  docsTokenUrl: optional(
    'DOCS_TOKEN_URL',
    parseLoopbackUrl,
    'For the sandbox only: URL, on a loopback host, from which the page /docs gets its access token.',
  ),
  logLevel: withDefault(
    'LOG_LEVEL',
    'info',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'Lowest level that is logged: trace, debug, info, warn, error, fatal or silent.',
  ),
  otelExporterOtlpEndpoint: optional(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    parseBaseUrl,
    'URL of the trace collector, for example https://collector:4318 (OTLP over http/protobuf, to /v1/traces below it).',
  ),
} as const;

type SettingName = keyof typeof SETTINGS_TABLE;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The settings of one run, frozen. Durations, limits and sizes carry their unit in the name. */
export type Settings = {
  readonly [Name in SettingName]: ValueOf<(typeof SETTINGS_TABLE)[Name]>;
} & {
  /** The variable that the gateway file names for a secret; undefined when it is unset or empty. */
  readonly readSecret: (variable: string) => string | undefined;
  /** Whether `npm start` runs the gateway, as npm says itself. */
  readonly isRunByNpm: boolean;
  /** Variables that look like a setting and are none; some may be secrets that the gateway file names. */
  readonly unreadVariables: readonly UnreadVariable[];
};

/**
 * Reads the settings from the environment. Nothing else in the gateway reads it.
 *
 * @throws ConfigurationError with every fault at once; no fault shows a value
 */
export function loadSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const faults = new Faults();
  const values = readSettings(Object.keys(SETTINGS_TABLE) as SettingName[], environment, faults);
  checkTogether(values, environment, faults);
  faults.throwIfAny();
  const readSecret = (variable: string) => textOf(variable, environment);
  const isRunByNpm = textOf('npm_lifecycle_event', environment) === 'start';
  const known = Object.values(SETTINGS_TABLE).map(({ variable }) => variable);
  const unread = unreadVariables(Object.keys(environment), known);
  return Object.freeze({ ...(values as Settings), readSecret, isRunByNpm, unreadVariables: unread });
}

/**
 * One setting alone, for a program that needs no other.
 *
 * @throws ConfigurationError
 */
export function loadSetting<Name extends SettingName>(
  name: Name,
  environment: NodeJS.ProcessEnv = process.env,
): Settings[Name] {
  const faults = new Faults();
  const names: SettingName[] =
    name === 'databaseUrl' ? ['allowInsecureHttp', 'databaseUrl', 'databaseUrlFile'] : [name];
  const values: Partial<Settings> = readSettings(names, environment, faults);
  faults.throwIfAny();
  return values[name] as Settings[Name];
}

/** A setting that is wrong is left out. */
function readSettings(
  names: readonly SettingName[],
  environment: NodeJS.ProcessEnv,
  faults: Faults,
): Partial<Settings> {
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of names) {
    const setting: Setting<unknown> = SETTINGS_TABLE[name];
    values[name] = faults.attempt(setting.variable, () => read(setting, environment));
  }
  if (values.databaseUrl === undefined) return values as Partial<Settings>;
  return {
    ...(values as Partial<Settings>),
    databaseUrl: databaseUrlOf(values as Partial<Settings>, environment, faults)!,
  };
}

/** The URL of the variable or of the file, with verified TLS where it needs it. */
function databaseUrlOf(
  { databaseUrl, databaseUrlFile, allowInsecureHttp }: Partial<Settings>,
  environment: NodeJS.ProcessEnv,
  faults: Faults,
): string | undefined {
  const { variable } =
    databaseUrlFile === undefined ? SETTINGS_TABLE.databaseUrl : SETTINGS_TABLE.databaseUrlFile;
  return faults.attempt(variable, () => {
    if (databaseUrlFile !== undefined && textOf('DATABASE_URL', environment) !== undefined)
      throw new InvalidValue('is set beside DATABASE_URL: keep one of them');
    const url =
      databaseUrlFile === undefined
        ? databaseUrl!
        : parseDatabaseUrl(new FileReadings().text(databaseUrlFile).replace(/\r?\n$/, ''));
    return requireVerifiedDatabase(url, allowInsecureHttp === true);
  });
}

/** What two settings say of each other, and what would take away the protection of a transport. */
function checkTogether(values: Partial<Settings>, environment: NodeJS.ProcessEnv, faults: Faults): void {
  const { octaneBaseUrl, otelExporterOtlpEndpoint, idempotencyTtlHours, journalRetentionDays } = values;
  const { drainDelayMs, shutdownGraceMs } = values;
  const isInsecureAllowed = values.allowInsecureHttp === true;
  const refuse = (name: SettingName, isWrong: boolean, wrong: string): void => {
    if (isWrong) faults.add(SETTINGS_TABLE[name].variable, wrong);
  };
  for (const [name, url] of Object.entries({ octaneBaseUrl, otelExporterOtlpEndpoint })) {
    if (url === undefined) continue;
    faults.attempt(SETTINGS_TABLE[name as SettingName].variable, () =>
      requireProtectedTransport(new URL(url), isInsecureAllowed),
    );
  }
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' && !isInsecureAllowed) {
    faults.add(
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'must not be 0, because Node then trusts every certificate; in a closed network, set ALLOW_INSECURE_HTTP=true',
    );
  }
  // A comparison with a setting that is wrong itself is false.
  refuse(
    'idempotencyTtlHours',
    idempotencyTtlHours! > journalRetentionDays! * 24,
    'must not be longer than JOURNAL_RETENTION_DAYS, because a key is deleted together with its record',
  );
  refuse(
    'drainDelayMs',
    drainDelayMs! >= shutdownGraceMs!,
    'must be shorter than SHUTDOWN_GRACE_MS, which begins at the same time',
  );
}

function read<T>(setting: Setting<T>, environment: NodeJS.ProcessEnv): T | undefined {
  const text = textOf(setting.variable, environment) ?? setting.default;
  if (text !== undefined) return setting.parse(text);
  if (setting.required) throw new InvalidValue('is required');
  return undefined;
}

/** An empty variable counts as unset: that is what an empty line of a .env file or of a compose file means. */
function textOf(variable: string, environment: NodeJS.ProcessEnv): string | undefined {
  return (Object.hasOwn(environment, variable) && environment[variable]) || undefined;
}

function withDefault<T>(variable: string, text: string, parse: Parser<T>, meaning: string): Setting<T> {
  return { variable, meaning, required: false, default: text, parse };
}

function required<T>(variable: string, parse: Parser<T>, meaning: string): Setting<T> {
  return { variable, meaning, required: true, default: undefined, parse };
}

function optional<T>(variable: string, parse: Parser<T>, meaning: string): Setting<T | undefined> {
  return { variable, meaning, required: false, default: undefined, parse };
}
