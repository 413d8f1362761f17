// Made from openapi.json by `npm run client`: what is changed here is lost.

import type { Answered, ChangeOptions, ChangeReceipt } from './call.ts';
import type { components } from './schema.ts';

export type SetDirectDebitBody = components['schemas']['SetDirectDebit'];
export type SetDirectDebitAnswer = components['schemas']['DirectDebitAnswer'];

export interface OctaneBffClient {
  /**
   * Set a customer's direct debit
   *
   * Replaces the direct debit of the customer by the one in the body, at Octane, and answers with what Octane has now. Setting it twice does what setting it once does, so after an unknown outcome the same request may be sent again.
   *
   * All rules that a body breaks are reported at once, each field with the first rule that it breaks. Nothing is converted: `"10"` is not a number. Dates and amounts reach Octane with the value that was sent.
   *
   * Needs the scope `direct-debit:write`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  setDirectDebit(
    custno: string | number,
    body: SetDirectDebitBody,
    options?: ChangeOptions,
  ): Promise<Answered<SetDirectDebitAnswer, ChangeReceipt>>;

  /**
   * Send the welcome email again
   *
   * Sends the welcome email of a customer with a Customer Portal account once more. **Each request that reaches Octane is one more email in the customer’s inbox.**
   *
   * Send an `Idempotency-Key`: then a repeated request gets the first answer again and never a second email. When the outcome is unknown, the same key is answered with 409 `outcome-unknown`; only a new key sends again.
   *
   * A customer can be sent a few of them an hour; past that, 429 `rate-limited`.
   *
   * Needs the scope `welcome-email:send`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  sendWelcomeEmail(custno: string | number, options?: ChangeOptions): Promise<ChangeReceipt>;
}

const OF_CUSTOMER = '/v1/customers/{custno}';
/**
 * How each method is carried out: flags, the method of HTTP and the path. The flags: `k`, it has an Idempotency-Key; `K`, one that
 * the app gives; `b`, a body; `q`, a query; `a`, an answer that is read.
 */
export const OPERATIONS: Readonly<Record<keyof OctaneBffClient, string>> = {
  setDirectDebit: `kba POST ${OF_CUSTOMER}/direct-debit`,
  sendWelcomeEmail: `k POST ${OF_CUSTOMER}/send-welcome-email`,
};
