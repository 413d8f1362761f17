import { ConfigurationError } from './configuration-error.ts';
import { loadSettings, type Settings, SETTINGS_TABLE } from './settings.ts';

const OCTANE = { OCTANE_BASE_URL: 'https://octane.example.com/tiab/api' };

function load(environment: NodeJS.ProcessEnv): Settings {
  return loadSettings({ ...OCTANE, ...environment });
}

/** The faults of a start in this environment; none when it succeeds. */
function faultsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('settings', () => {
  it('need nothing but the base URL of Octane', () => {
    const { readSecret, ...values } = loadSettings(OCTANE);
    expect(readSecret).toBeInstanceOf(Function);
    expect(values).toStrictEqual({
      host: '0.0.0.0',
      port: 3000,
      managementHost: '127.0.0.1',
      managementPort: 3001,
      octaneBaseUrl: 'https://octane.example.com/tiab/api',
      allowInsecureHttp: false,
      gatewayFile: 'config/gateway.yaml',
      databaseUrl: 'sqlite:data/gateway.db',
      databaseUrlFile: undefined,
      migrateOnStart: true,
      directDebitRules: 'standard',
      octaneTimeoutMs: 10_000,
      operationsFile: undefined,
      octaneConnectTimeoutMs: 2000,
      octaneCaFile: undefined,
      octaneClientCertFile: undefined,
      octaneClientKeyFile: undefined,
      httpsProxy: undefined,
      noProxy: '',
      octaneMaxInFlight: 50,
      octaneRateLimit: undefined,
      callerRateLimit: 600,
      userRateLimit: 120,
      customerChangeRateLimit: 20,
      welcomeEmailRateLimit: 5,
      authFailureRateLimit: 60,
      trustedProxies: [],
      idempotencyTtlHours: 24,
      journalRetentionDays: 400,
      drainDelayMs: 2000,
      shutdownGraceMs: 15_000,
      keepAliveTimeoutMs: 620_000,
      docs: 'on',
      maxEventLoopDelayMs: 1000,
      publicUrl: undefined,
      docsTokenUrl: undefined,
      logLevel: 'info',
      otelExporterOtlpEndpoint: undefined,
      isRunByNpm: false,
      unreadVariables: [],
    });
  });

  it('tell whether npm start runs the gateway', () => {
    expect(load({ npm_lifecycle_event: 'start' }).isRunByNpm).toBe(true);
    expect(load({ npm_lifecycle_event: 'test' }).isRunByNpm).toBe(false);
  });

  it('are named after their variables', () => {
    for (const [name, { variable }] of Object.entries(SETTINGS_TABLE)) {
      expect(name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()).toBe(variable);
    }
  });

  it('are frozen, lists included', () => {
    const settings = load({ TRUSTED_PROXIES: '10.0.0.1' });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.trustedProxies)).toBe(true);
    expect(Object.isFrozen(load({}).trustedProxies)).toBe(true);
  });

  it('take an empty variable for one that is unset', () => {
    const empty = Object.fromEntries(Object.values(SETTINGS_TABLE).map(({ variable }) => [variable, '']));
    const settings = { ...loadSettings({ ...empty, ...OCTANE }), readSecret: undefined };
    expect(settings).toStrictEqual({ ...loadSettings(OCTANE), readSecret: undefined });
    expect(faultsOf(empty)).toEqual(['OCTANE_BASE_URL: is required']);
  });

  it('ignore variables that they do not know, and name those that look like one of theirs', () => {
    const { port, unreadVariables } = load({
      PROT: 'x',
      port: '1',
      PATH: '/bin',
      OCTANE_1001_PASSWORD: 'canary',
    });
    expect(port).toBe(3000);
    expect(unreadVariables).toEqual([
      { variable: 'PROT', similarTo: 'PORT' },
      { variable: 'port', similarTo: 'PORT' },
      { variable: 'OCTANE_1001_PASSWORD', similarTo: undefined },
    ]);
  });

  it('report every fault at once', () => {
    const faults = faultsOf({
      PORT: 'x',
      ALLOW_INSECURE_HTTP: 'yes',
      LOG_LEVEL: 'loud',
      OCTANE_RATE_LIMIT: '0',
    });
    expect(faults).toEqual([
      'PORT: must be a whole number from 0 to 65535',
      'OCTANE_BASE_URL: is required',
      'ALLOW_INSECURE_HTTP: must be true or false',
      'OCTANE_RATE_LIMIT: must be a whole number from 1 to 2147483647',
      'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
    ]);
    expect(new ConfigurationError(faults).message).toBe(faults.join('\n'));
  });

  it('give secrets by the name of their variable', () => {
    const { readSecret } = load({ OCTANE_1001_PASSWORD: 'pass word ', EMPTY: '' });
    expect(readSecret('OCTANE_1001_PASSWORD')).toBe('pass word ');
    expect(readSecret('EMPTY')).toBeUndefined();
    expect(readSecret('NOT_SET')).toBeUndefined();
    expect(readSecret('constructor')).toBeUndefined();
  });

  it('do not give secrets away when they are printed', () => {
    expect(JSON.stringify(load({ OCTANE_1001_PASSWORD: 'canary' }))).not.toContain('canary');
  });
});

describe('a variable that is right', () => {
  it.each<[string, string, keyof Settings, unknown]>([
    ['HOST', '::', 'host', '::'],
    ['HOST', 'localhost', 'host', 'localhost'],
    ['PORT', '0', 'port', 0],
    ['MANAGEMENT_PORT', '65535', 'managementPort', 65_535],
    ['OCTANE_BASE_URL', 'https://h/api', 'octaneBaseUrl', 'https://h/api'],
    ['OCTANE_BASE_URL', 'https://h:8443/a/b//', 'octaneBaseUrl', 'https://h:8443/a/b'],
    ['OCTANE_BASE_URL', 'HTTPS://H', 'octaneBaseUrl', 'https://h'],
    ['OCTANE_BASE_URL', 'http://localhost:4001/api', 'octaneBaseUrl', 'http://localhost:4001/api'],
    ['OCTANE_BASE_URL', 'http://127.8.9.10/', 'octaneBaseUrl', 'http://127.8.9.10'],
    ['OCTANE_BASE_URL', 'http://[::1]:80', 'octaneBaseUrl', 'http://[::1]'],
    ['DATABASE_URL', 'sqlite:/var/lib/gateway.db', 'databaseUrl', 'sqlite:/var/lib/gateway.db'],
    ['DATABASE_URL', 'postgres://u:p%40@localhost/db', 'databaseUrl', 'postgres://u:p%40@localhost/db'],
    ['DATABASE_URL', 'postgresql:///db?host=/run', 'databaseUrl', 'postgresql:///db?host=/run'],
    ['DIRECT_DEBIT_RULES', 'strict', 'directDebitRules', 'strict'],
    ['OCTANE_TIMEOUT_MS', '1', 'octaneTimeoutMs', 1],
    ['OCTANE_TIMEOUT_MS', '86400000', 'octaneTimeoutMs', 86_400_000],
    ['OCTANE_RATE_LIMIT', '120', 'octaneRateLimit', 120],
    ['TRUSTED_PROXIES', '10.0.0.0/8, ::1,fd00::/8', 'trustedProxies', ['10.0.0.0/8', '::1', 'fd00::/8']],
    ['TRUSTED_PROXIES', '192.0.2.1/32', 'trustedProxies', ['192.0.2.1/32']],
    ['IDEMPOTENCY_TTL_HOURS', '0.0005', 'idempotencyTtlHours', 0.0005],
    ['DRAIN_DELAY_MS', '0', 'drainDelayMs', 0],
    ['MAX_EVENT_LOOP_DELAY_MS', '0', 'maxEventLoopDelayMs', 0],
    ['HTTPS_PROXY', 'http://proxy.example.com:3128', 'httpsProxy', 'http://proxy.example.com:3128/'],
    ['HTTPS_PROXY', 'proxy.example.com:3128', 'httpsProxy', 'http://proxy.example.com:3128/'],
    ['HTTPS_PROXY', 'https://user:p%40ss@[::1]:3128/', 'httpsProxy', 'https://user:p%40ss@[::1]:3128/'],
    ['NO_PROXY', '.example.com, 10.0.0.0/8', 'noProxy', '.example.com, 10.0.0.0/8'],
    ['PUBLIC_URL', 'https://bff.example.com/', 'publicUrl', 'https://bff.example.com'],
    ['PUBLIC_URL', 'http://bff.example.com/api/', 'publicUrl', 'http://bff.example.com/api'],
    [
      'DOCS_TOKEN_URL',
      'http://localhost:4002/docs-token',
      'docsTokenUrl',
      'http://localhost:4002/docs-token',
    ],
    ['LOG_LEVEL', 'silent', 'logLevel', 'silent'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://otel:4318', 'otelExporterOtlpEndpoint', 'https://otel:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://[::1]:4318/', 'otelExporterOtlpEndpoint', 'http://[::1]:4318'],
    ['KEEP_ALIVE_TIMEOUT_MS', '1', 'keepAliveTimeoutMs', 1],
    ['DOCS', 'off', 'docs', 'off'],
  ])('%s=%s', (variable, text, name, value) => {
    expect(load({ [variable]: text })[name]).toEqual(value);
  });

  it('lets http stand for any host when the operator vouches for the network', () => {
    const closed = {
      OCTANE_BASE_URL: 'http://octane:4001/api',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      ALLOW_INSECURE_HTTP: 'true',
    };
    expect(loadSettings(closed)).toMatchObject({
      octaneBaseUrl: 'http://octane:4001/api',
      otelExporterOtlpEndpoint: 'http://otel:4318',
    });
  });
});

describe('a variable that is wrong stops the start, by name and without its value', () => {
  const wholeNumbers = [
    '1e1',
    ' 10',
    '10 ',
    '0x10',
    '10.5',
    '-1',
    '+1',
    '010',
    '١٠',
    '9'.repeat(400),
    'canary',
  ];
  const atLeastOne = [
    'OCTANE_TIMEOUT_MS',
    'OCTANE_CONNECT_TIMEOUT_MS',
    'OCTANE_MAX_IN_FLIGHT',
    'OCTANE_RATE_LIMIT',
    'CALLER_RATE_LIMIT',
    'USER_RATE_LIMIT',
    'CUSTOMER_CHANGE_RATE_LIMIT',
    'WELCOME_EMAIL_RATE_LIMIT',
    'AUTH_FAILURE_RATE_LIMIT',
    'JOURNAL_RETENTION_DAYS',
    'SHUTDOWN_GRACE_MS',
    'KEEP_ALIVE_TIMEOUT_MS',
  ];
  const atLeastZero = ['PORT', 'MANAGEMENT_PORT', 'DRAIN_DELAY_MS', 'MAX_EVENT_LOOP_DELAY_MS'];

  it.each<string[]>([
    ...[...atLeastOne, ...atLeastZero].flatMap((variable) => wholeNumbers.map((text) => [variable, text])),
    ...atLeastOne.map((variable) => [variable, '0']),
    ['PORT', '65536'],
    ['OCTANE_TIMEOUT_MS', '86400001'],
    ['SHUTDOWN_GRACE_MS', '2147483648'],
    ['CALLER_RATE_LIMIT', '2147483648'],
    ...['0', '0.0', '-1', '1e3', '.5', '1.', '1,5', 'canary', '87601'].map((text) => [
      'IDEMPOTENCY_TTL_HOURS',
      text,
    ]),
    ...['TRUE', '1', 'yes', 'true '].map((text) => ['ALLOW_INSECURE_HTTP', text]),
    ...['[::1]', 'a b', 'http://canary', '-x'].map((text) => ['HOST', text]),
    ['MANAGEMENT_HOST', 'canary:80'],
    ['GATEWAY_FILE', '  '],
    ...['mysql://canary', 'sqlite:', 'sqlite: ', 'postgres:canary', 'postgres://u:canary@:x/', 'canary'].map(
      (text) => ['DATABASE_URL', text],
    ),
    ...['Standard', 'none', 'canary'].map((text) => ['DIRECT_DEBIT_RULES', text]),
    ...[
      '10.0.0.0/33',
      '10.0.0.0/0',
      '::/0',
      'fd00::/129',
      '10.0.0/8',
      '010.0.0.1',
      'fe80::1%eth0',
      'canary',
    ].map((text) => ['TRUSTED_PROXIES', text]),
    ...['10.0.0.1,', '10.0.0.1,,::1', '10.0.0.0/8/8', '10.0.0.0/08', '10.0.0.1 ::1'].map((text) => [
      'TRUSTED_PROXIES',
      text,
    ]),
    // A token for anybody is for the reader's own machine alone.
    ...['https://id.canary.example/token', 'http://10.0.0.1/token', '/docs-token'].map((text) => [
      'DOCS_TOKEN_URL',
      text,
    ]),
    ...['OFF', 'false', '0'].map((text) => ['DOCS', text]),
    ['DATABASE_URL_FILE', '  '],
    ...['http://otel.canary:4318', 'http://10.0.0.1:4318'].map((text) => [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      text,
    ]),
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ...['verbose', 'INFO'].map((text) => ['LOG_LEVEL', text]),
    ...['/problems', 'ftp://canary', 'https://u:canary@h', 'https://h?canary', 'https://h#canary'].map(
      (text) => ['PUBLIC_URL', text],
    ),
    ...[
      'ftp://canary',
      'http://canary/path',
      'http://h?canary',
      'socks5://canary:1',
      'http://%zz:canary@h',
    ].map((text) => ['HTTPS_PROXY', text]),
    ...['canary:4317', 'grpc://canary', 'http://h?canary'].map((text) => [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      text,
    ]),
  ])('%s=%s', (variable = '', text = '') => {
    const faults = faultsOf({ ...OCTANE, [variable]: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${variable}: must .+$`));
    expect(faults[0]).not.toContain('canary');
  });

  it.each([
    'canary',
    '//canary/api',
    'https:canary',
    'https:///canary',
    'https:\\\\canary',
    ' https://canary',
    'https://canary/a b',
    'ftp://canary/api',
    'https://user:canary@host/api',
    'https://canary@host/api',
    'https://@canary/api',
    'https://host/api?canary=1',
    'https://host/api?',
    'https://host/api#canary',
    'https://host/api#',
    'http://canary/api',
    'http://localhost.canary/api',
    'http://127.0.0.1.canary/api',
    'http://127.0.0.1@canary/api',
    'http://192.168.0.1/api',
    'http://[::2]/api',
  ])('OCTANE_BASE_URL=%s', (text) => {
    const faults = faultsOf({ OCTANE_BASE_URL: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^OCTANE_BASE_URL: must .+$/);
    expect(faults[0]).not.toContain('canary');
  });

  it('refuses credentials in a URL even where http may stand for any host', () => {
    const environment = { OCTANE_BASE_URL: 'http://user:canary@octane/api', ALLOW_INSECURE_HTTP: 'true' };
    expect(faultsOf(environment)).toEqual(['OCTANE_BASE_URL: must not contain a user name or a password']);
  });
});

describe('two settings that contradict each other stop the start', () => {
  it.each<[string, Record<string, string>, readonly RegExp[]]>([
    [
      'a key outlives its record',
      { IDEMPOTENCY_TTL_HOURS: '24.5', JOURNAL_RETENTION_DAYS: '1' },
      [/^IDEMPOTENCY_TTL_HOURS: must not be longer than JOURNAL_RETENTION_DAYS/],
    ],
    ['by the default of the other', { IDEMPOTENCY_TTL_HOURS: '9601' }, [/^IDEMPOTENCY_TTL_HOURS: /]],
    ['no key outlives its record', { IDEMPOTENCY_TTL_HOURS: '24', JOURNAL_RETENTION_DAYS: '1' }, []],
    [
      'the drain takes the whole grace',
      { DRAIN_DELAY_MS: '15000' },
      [/^DRAIN_DELAY_MS: must be shorter than SHUTDOWN_GRACE_MS/],
    ],
    ['and more', { DRAIN_DELAY_MS: '2', SHUTDOWN_GRACE_MS: '1' }, [/^DRAIN_DELAY_MS: /]],
    ['the drain is a little shorter', { DRAIN_DELAY_MS: '14999' }, []],
    [
      'one of them is wrong itself',
      { DRAIN_DELAY_MS: '15000', SHUTDOWN_GRACE_MS: 'canary' },
      [/^SHUTDOWN_GRACE_MS: /],
    ],
    [
      'all at once',
      { DRAIN_DELAY_MS: '15000', IDEMPOTENCY_TTL_HOURS: '9601', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      [/^NODE_TLS/, /^IDEMP/, /^DRAIN/],
    ],
  ])('%s', (_, environment, faults) => {
    expect(faultsOf({ ...OCTANE, ...environment })).toEqual(
      faults.map((fault) => expect.stringMatching(fault)),
    );
  });
});
