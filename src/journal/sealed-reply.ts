import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { canonicalText } from './canonical-text.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A request that may be repeated: its Idempotency-Key and what it stands for. Everything that the store keeps of the two is made here,
 * and nothing of it can be read, or be compared with a guess, without the key itself, which the store does not have.
 */
export class RepeatableRequest {
  private readonly body: string;

  /**
   * @param key as the app chose it
   * @param body what else is asked with the key, a JSON value, of which the canonical form counts
   */
  constructor(
    private readonly key: string,
    body: object,
  ) {
    this.body = canonicalText(body);
  }

  /** @param scope what a key is good for; equal keys of different scopes have nothing to do with each other */
  hash(scope: readonly string[]): string {
    return hash('sha256', JSON.stringify([...scope, this.key]), 'base64url');
  }

  fingerprint(): string {
    return createHmac('sha256', this.key).update(this.body).digest('base64url');
  }

  /** @param id of the change; each change has an encryption key of its own */
  seal(reply: string, id: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.sealingKey(id), nonce);
    const text = Buffer.concat([cipher.update(reply, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
  }

  /** @throws Error where it was not sealed by the same request for that change */
  unseal(sealed: string, id: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv(CIPHER, this.sealingKey(id), bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return (
      decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    );
  }

  private sealingKey(id: string): KeyObject {
    const key = hkdfSync('sha256', `${this.key}\0${this.body}`, id, 'octane-bff reply', 32);
    // Of bytes alone Node first finds out that they are no other kind of key, which takes longer than to seal a reply.
    return createSecretKey(Buffer.from(key));
  }
}
