import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { JwksClient } from 'jwks-rsa';

const MIN_RSA_BITS = 2048;
const MAX_KEYS = 100;
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/** A public key that may check signatures. */
interface VerificationKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
  /** The one algorithm that the key set allows for this key. */
  readonly alg: string | undefined;
}

/** One issuer's public keys at one moment. */
export class VerificationKeys {
  private constructor(
    private readonly keys: readonly VerificationKey[],
    /** A bare PEM key has no name, so that it stands for whatever `kid` a token gives. */
    private readonly named: boolean,
  ) {}

  /** @param pem a public key or certificate */
  static fromPem(pem: string): VerificationKeys {
    return new VerificationKeys(
      [{ key: createPublicKey(pem), kid: undefined, alg: undefined }].filter(isStrong),
      false,
    );
  }

  /**
   * @param keySet a parsed JWK Set (RFC 7517). Keys that are no public signature keys, that nothing here can use,
   *   or that are too weak are left out.
   * @throws Error when it is no JWK Set
   */
  static async fromKeySet(keySet: unknown): Promise<VerificationKeys> {
    const candidates = signatureKeys(keySet);
    const client = new JwksClient({ jwksUri: '', cache: false, fetcher: async () => ({ keys: candidates }) });
    // It throws only where no key is left: then no token is accepted, which is what such a set says.
    const signingKeys = await client.getSigningKeys().catch(() => []);
    const keys = signingKeys.map((signingKey) => ({
      key: createPublicKey(signingKey.getPublicKey()),
      kid: signingKey.kid as string | undefined,
      alg: signingKey.alg as string | undefined,
    }));
    return new VerificationKeys(keys.filter(isStrong), true);
  }

  /**
   * The key that must have made a signature: the one with the token's `kid`, or, for a token without one, the only key that
   * fits the algorithm. `undefined` when there is no such key.
   */
  find(alg: string, kid: string | undefined): KeyObject | undefined {
    const fitting = this.keys.filter((candidate) => fits(candidate, alg));
    if (!this.named) return fitting[0]?.key;
    if (kid !== undefined) return fitting.find((candidate) => candidate.kid === kid)?.key;
    return fitting.length === 1 ? fitting[0]?.key : undefined;
  }
}

function signatureKeys(keySet: unknown): object[] {
  const keys = (keySet as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('not a JWK Set');
  return keys.slice(0, MAX_KEYS).filter((key: unknown): key is object => {
    if (typeof key !== 'object' || key === null) return false;
    const operations = (key as { key_ops?: unknown }).key_ops;
    return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  });
}

function isStrong({ key }: VerificationKey): boolean {
  return key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}

function fits({ key, alg: onlyAlg }: VerificationKey, alg: string): boolean {
  if (onlyAlg !== undefined && onlyAlg !== alg) return false;
  return alg.startsWith('ES')
    ? key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === CURVES[alg]
    : key.asymmetricKeyType === 'rsa';
}
