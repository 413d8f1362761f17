import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../test/support/certificates.ts';
import type { Identity } from '../../test/support/certificates.ts';
import type { ConfigurationError } from './configuration-error.ts';
import { Faults } from './faults.ts';
import { FileReadings } from './file-readings.ts';
import { readOctaneTls } from './octane-tls.ts';
import type { OctaneTls, OctaneTlsSettings } from './octane-tls.ts';

describe('the files of TLS to Octane', () => {
  let folder: string;
  let authority: CertificateAuthority;
  let client: Identity;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-'));
    authority = await CertificateAuthority.create();
    client = await authority.issue('gateway');
    const other = await authority.issue('other');
    const encrypted = createPrivateKey(client.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'canary',
    });
    const files: Record<string, string | Buffer> = {
      ca: authority.cert,
      cert: client.cert + authority.cert,
      key: client.key,
      otherKey: other.key,
      encryptedKey: encrypted,
      noPem: 'canary',
      broken: client.cert.replace(/\n[A-Za-z0-9+/]{20}/, '\ncanary'),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const read = (settings: OctaneTlsSettings): OctaneTls => {
    const faults = new Faults();
    const inFolder = Object.entries(settings).map(([name, file]) => [name, join(folder, String(file))]);
    const tls = readOctaneTls(Object.fromEntries(inFolder), new FileReadings(), faults);
    faults.throwIfAny();
    return tls;
  };

  it('are handed to TLS, each certificate on lines of its own, and shown nowhere', () => {
    const tls = read({ octaneCaFile: 'ca', octaneClientCertFile: 'cert', octaneClientKeyFile: 'key' });
    const [first, second] = tls.options().cert?.split(/(?<=END CERTIFICATE-----\n)/) ?? [];
    expect([first, second].map((pem) => new X509Certificate(pem!).subject)).toEqual([
      'CN=gateway',
      'CN=Authority of the tests',
    ]);
    expect(new X509Certificate(tls.options().ca!).subject).toBe('CN=Authority of the tests');
    expect(tls.options().key).toBe(client.key);
    expect(JSON.stringify(tls)).toBe('{}');
  });

  it('may all be left out', () => {
    expect(read({}).options()).toEqual({ ca: undefined, cert: undefined, key: undefined });
  });

  it.each<[OctaneTlsSettings, string]>([
    [{ octaneCaFile: 'nothing' }, 'OCTANE_CA_FILE: the file cannot be read (there is no such file)'],
    [{ octaneCaFile: 'noPem' }, 'OCTANE_CA_FILE: the file holds no certificate in PEM'],
    [{ octaneCaFile: 'key' }, 'OCTANE_CA_FILE: the file holds no certificate in PEM'],
    [{ octaneCaFile: 'broken' }, 'OCTANE_CA_FILE: the file holds a certificate that cannot be read'],
    [{ octaneClientCertFile: 'cert' }, 'OCTANE_CLIENT_KEY_FILE: is required beside OCTANE_CLIENT_CERT_FILE'],
    [{ octaneClientKeyFile: 'key' }, 'OCTANE_CLIENT_CERT_FILE: is required beside OCTANE_CLIENT_KEY_FILE'],
    [
      { octaneClientCertFile: 'cert', octaneClientKeyFile: 'otherKey' },
      'OCTANE_CLIENT_KEY_FILE: is not the key of OCTANE_CLIENT_CERT_FILE',
    ],
    [
      { octaneClientCertFile: 'cert', octaneClientKeyFile: 'encryptedKey' },
      'OCTANE_CLIENT_KEY_FILE: the file holds no private key in PEM that can be read without a passphrase',
    ],
    [
      { octaneClientCertFile: 'cert', octaneClientKeyFile: 'noPem' },
      'OCTANE_CLIENT_KEY_FILE: the file holds no private key in PEM that can be read without a passphrase',
    ],
  ])('are a fault as %j', (settings, fault) => {
    let thrown: unknown;
    try {
      read(settings);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as ConfigurationError).faults).toEqual([fault]);
  });
});
