import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { JwksClient } from 'jwks-rsa';
import { canVerifyTokens } from '../config/public-key-file.ts';

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
      [{ key: createPublicKey(pem), kid: undefined, alg: undefined }].filter(({ key }) =>
        canVerifyTokens(key),
      ),
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
    return new VerificationKeys(
      keys.filter(({ key }) => canVerifyTokens(key)),
      true,
    );
  }

  /**
   * The keys that may have made a signature: those that fit the algorithm and have the token's `kid`, or, for a token
   * without one, the only key that fits the algorithm.
   */
  candidates(alg: string, kid: string | undefined): readonly KeyObject[] {
    const fitting = this.keys.filter((candidate) => fits(candidate, alg));
    const meant =
      this.named && kid !== undefined ? fitting.filter((candidate) => candidate.kid === kid) : fitting;
    return kid === undefined && meant.length > 1 ? [] : meant.map(({ key }) => key);
  }
}

function signatureKeys(keySet: unknown): object[] {
  const keys = (keySet as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('not a JWK Set');
  return keys.slice(0, MAX_KEYS).flatMap((key: unknown) => {
    if (typeof key !== 'object' || key === null) return [];
    const { key_ops: operations, ...rest } = key as { key_ops?: unknown };
    // Providers also publish what their private key does. The library takes no public key that signs, so it is not told.
    return operations === undefined || (Array.isArray(operations) && operations.some(isOfSignatures))
      ? [rest]
      : [];
  });
}

function isOfSignatures(operation: unknown): boolean {
  return operation === 'verify' || operation === 'sign';
}

function fits({ key, alg: onlyAlg }: VerificationKey, alg: string): boolean {
  if (onlyAlg !== undefined && onlyAlg !== alg) return false;
  return alg.startsWith('ES')
    ? key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === CURVES[alg]
    : key.asymmetricKeyType === 'rsa';
}
