import { SETTINGS_TABLE } from './settings.ts';
import { unreadVariables } from './unread-variables.ts';

const KNOWN = Object.values(SETTINGS_TABLE).map(({ variable }) => variable);

describe('a variable that looks like a setting', () => {
  it.each([
    // Misspelt
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['DATABASE__URL', 'DATABASE_URL'],
    ['GATEWAYFILE', 'GATEWAY_FILE'],
    ['GATWEAY_FILE', 'GATEWAY_FILE'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['LOGLEVL', 'LOG_LEVEL'],
    ['OTEL_EXPORTER_OTPL_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['ALLOW_INSECURE_HTTPS', 'ALLOW_INSECURE_HTTP'],
    ['PROT', 'PORT'],
    ['DOSC', 'DOCS'],
    // In another case
    ['database_url', 'DATABASE_URL'],
    ['DatabaseUrl', 'DATABASE_URL'],
    ['DATABASE-URL', 'DATABASE_URL'],
    ['host', 'HOST'],
    ['https_proxy', 'HTTPS_PROXY'],
    ['no_proxy', 'NO_PROXY'],
    // With a word too many, too few, or another unit
    ['DATABASE_URL_PATH', 'DATABASE_URL'],
    ['JOURNAL_RETENTION', 'JOURNAL_RETENTION_DAYS'],
    ['IDEMPOTENCY_TTL_MINUTES', 'IDEMPOTENCY_TTL_HOURS'],
    ['SHUTDOWN_GRACE_SECONDS', 'SHUTDOWN_GRACE_MS'],
    ['OCTANE_TIMEOUT', 'OCTANE_TIMEOUT_MS'],
    // Under our prefix
    ['OCTANE_URL', undefined],
    ['OCTANE_BFF_DATABASE_URL', undefined],
    ['octane_3003_password', undefined],
  ])('%s is named, beside %s', (variable, similarTo) => {
    expect(unreadVariables([variable], KNOWN)).toEqual([{ variable, similarTo }]);
  });
});

describe('a variable of somebody else', () => {
  const OTHERS = `
    PATH HOME HOSTNAME HOSTS PORTS POST PWD SHELL LANG LOGNAME USER TERM TZ NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS PGHOST
    PGPASSWORD UV_THREADPOOL_SIZE npm_config_loglevel npm_package_name npm_lifecycle_event HTTP_PROXY http_proxy
    ALL_PROXY FTP_PROXY OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
    OTEL_SERVICE_NAME OTEL_RESOURCE_ATTRIBUTES OTEL_EXPORTER_OTLP_CERTIFICATE OCTANE_BFF_SERVICE_HOST
    OCTANE_BFF_SERVICE_PORT_HTTP OCTANE_BFF_PORT OCTANE_BFF_PORT_80_TCP OCTANE_BFF_PORT_80_TCP_ADDR KUBERNETES_SERVICE_HOST
    REDIS_URL DB_HOST PUBLIC FILE URL`;
  it.each([...OTHERS.trim().split(/\s+/), '', ...KNOWN])('%s is not named', (variable) => {
    expect(unreadVariables([variable], KNOWN)).toEqual([]);
  });

  it('in another case is not named beside the right one', () => {
    expect(unreadVariables(['https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'], KNOWN)).toEqual([]);
  });
});
