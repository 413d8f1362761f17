import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { InvalidValue } from './configuration-error.ts';
import type { Faults } from './faults.ts';
import type { FileReadings } from './file-readings.ts';
import { SETTINGS_TABLE, type Settings } from './settings.ts';

export type OctaneTlsSettings = Partial<
  Pick<Settings, 'octaneCaFile' | 'octaneClientCertFile' | 'octaneClientKeyFile'>
>;

interface TlsMaterial {
  /** The only authorities that are trusted; undefined: those of Node. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Whom TLS to Octane trusts, and the certificate that it shows. The key cannot be listed, printed or serialised. */
export class OctaneTls {
  readonly #material: TlsMaterial;

  constructor(material: TlsMaterial) {
    this.#material = material;
    Object.freeze(this);
  }

  /** As tls.connect takes it, in PEM. */
  options(): TlsMaterial {
    return this.#material;
  }

  isSameAs(other: OctaneTls): boolean {
    const [mine, theirs] = [this.#material, other.#material];
    return mine.ca === theirs.ca && mine.cert === theirs.cert && mine.key === theirs.key;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the files that the settings name for TLS to Octane. A file that is wrong is left out, and is among the faults. */
export function readOctaneTls(settings: OctaneTlsSettings, files: FileReadings, faults: Faults): OctaneTls {
  const { octaneCaFile, octaneClientCertFile, octaneClientKeyFile } = SETTINGS_TABLE;
  const read = <T>(
    setting: { readonly variable: string },
    path: string | undefined,
    check: (pem: string) => T,
  ): T | undefined =>
    path === undefined ? undefined : faults.attempt(setting.variable, () => check(files.text(resolve(path))));
  const [certPath, keyPath] = [settings.octaneClientCertFile, settings.octaneClientKeyFile];
  const ca = read(octaneCaFile, settings.octaneCaFile, withCertificates);
  const cert = read(octaneClientCertFile, certPath, withCertificates);
  const key = read(octaneClientKeyFile, keyPath, withPrivateKey);
  if (certPath !== undefined && keyPath === undefined) {
    faults.add(octaneClientKeyFile.variable, `is required beside ${octaneClientCertFile.variable}`);
  }
  if (keyPath !== undefined && certPath === undefined) {
    faults.add(octaneClientCertFile.variable, `is required beside ${octaneClientKeyFile.variable}`);
  }
  if (cert !== undefined && key !== undefined && !belongTogether(cert, key)) {
    faults.add(octaneClientKeyFile.variable, `is not the key of ${octaneClientCertFile.variable}`);
  }
  return new OctaneTls({ ca, cert, key });
}

function withCertificates(pem: string): string {
  const certificates = pem.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new InvalidValue('the file holds no certificate in PEM');
  try {
    // Written anew: TLS does not understand a file where one begins on the last line of another.
    return certificates.map((certificate) => new X509Certificate(certificate).toString()).join('');
  } catch {
    throw new InvalidValue('the file holds a certificate that cannot be read');
  }
}

function withPrivateKey(pem: string): string {
  try {
    createPrivateKey(pem);
  } catch {
    throw new InvalidValue('the file holds no private key in PEM that can be read without a passphrase');
  }
  return pem;
}

/** The client's own certificate comes first, those of its authorities behind it. */
function belongTogether(cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}
