// Made from openapi.json by `npm run client`: what is changed here is lost.

import type { Answered, CallOptions, ChangeOptions, ChangeReceipt, KeyedOptions, Receipt } from './call.ts';
import type { components } from './schema.ts';

export type SetDirectDebitBody = components['schemas']['SetDirectDebit'];
export type SetDirectDebitAnswer = components['schemas']['DirectDebitAnswer'];
export type PaymentBody = components['schemas']['PaymentBody'];
export type PaymentMethodBody = components['schemas']['PaymentMethodBody'];
export type CustomerUpdateBody = components['schemas']['CustomerUpdateBody'];
export type ServiceQualificationBody = components['schemas']['ServiceQualificationBody'];
export type ServiceQualificationAnswer = components['schemas']['ServiceQualificationAnswer'];
export type DataPoolAnswer = components['schemas']['DataPoolAnswer'];
export type DataLimitBody = components['schemas']['DataLimitBody'];
export type DataLimitAnswer = components['schemas']['DataLimitAnswer'];
export type DataPoolTransferBody = components['schemas']['DataPoolTransferBody'];
export type DataPoolTransferAnswer = components['schemas']['DataPoolTransferAnswer'];
export type DataPoolDisconnectBody = components['schemas']['DataPoolDisconnectBody'];
export type DataPoolDisconnectAnswer = components['schemas']['DataPoolDisconnectAnswer'];
export type EsimDetailsBody = components['schemas']['EsimDetailsBody'];
export type EsimDetailsAnswer = components['schemas']['EsimDetailsAnswer'];

export interface OctaneBffClient {
  /**
   * Set a customer's direct debit
   *
   * Replaces the direct debit of the customer in Octane with the one in the body. The answer is the direct debit as Octane has it now. Setting it twice has the same effect as setting it once, so you may send the same request again after an unknown outcome.
   *
   * If the body breaks rules, the answer lists all fields at once, each with the first rule that it breaks. No value is converted: `"10"` is not a number. Octane gets dates and amounts with the value that you sent.
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
   * Sends the welcome email again to a customer with a Customer Portal account. **Each request that reaches Octane is another email in the customer’s inbox.**
   *
   * Send an `Idempotency-Key`. A repeated request with the same key then gets the first answer again and sends no second email. If the outcome is unknown, the same key gets 409 `outcome-unknown`. Only a new key sends another email.
   *
   * You can send one customer a few emails an hour. Past this limit the answer is 429 `rate-limited`.
   *
   * Needs the scope `welcome-email:send`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  sendWelcomeEmail(custno: string | number, options?: ChangeOptions): Promise<ChangeReceipt>;

  /**
   * Take a payment
   *
   * Takes one payment from the customer, with a token of the payment provider. It takes no card number.
   *
   * Source: the vendor's own page for the body, and a public program that calls it. The answer is not public.
   *
   * Needs the scope `payment:take`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  payment(custno: string | number, body: PaymentBody, options: KeyedOptions): Promise<ChangeReceipt>;

  /**
   * Add a payment method
   *
   * Adds a payment method to the customer, with a token of the payment provider. It takes no card number.
   *
   * Source: a public program that calls it. The answer is not public.
   *
   * Needs the scope `payment-method:add`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  paymentMethod(
    custno: string | number,
    body: PaymentMethodBody,
    options: KeyedOptions,
  ): Promise<ChangeReceipt>;

  /**
   * Change the customer's contact details
   *
   * Changes what the body names, and leaves the rest as it is.
   *
   * Source: the vendor's own page. Three things are not public: the answer, the values of the codes, and whether a list of contact media replaces the customer's list or is added to it.
   *
   * Needs the scope `customer:update`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  customerUpdate(
    custno: string | number,
    body: CustomerUpdateBody,
    options: KeyedOptions,
  ): Promise<ChangeReceipt>;

  /**
   * Check what is available at a place
   *
   * Says whether a place can get the product, and how. It changes nothing, although its method is POST.
   *
   * Source: the vendor's own page. The types of single values are not public.
   *
   * Needs the scope `service-qualification:check`.
   *
   * @throws {OctaneBffError}
   */
  serviceQualification(
    body: ServiceQualificationBody,
    options?: CallOptions,
  ): Promise<Answered<ServiceQualificationAnswer, Receipt>>;

  /**
   * Get the data pool of a service
   *
   * Returns the pool of mobile data of a service, and how much of it is used.
   *
   * Source: a public program that calls it and reads these fields of the answer. The types are inferred.
   *
   * Needs the scope `data-pool:read`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @param lineseqno The number of the service within the customer's services.
   * @throws {OctaneBffError}
   */
  dataPool(
    custno: string | number,
    lineseqno: string | number,
    options?: CallOptions,
  ): Promise<Answered<DataPoolAnswer, Receipt>>;

  /**
   * Limit the data of services in a pool
   *
   * Sets how much of the pool's data a service may use. **You can change a limit later, but you can never remove it.**
   *
   * Source: a public program that calls it and reads these fields of the answer. The vendor's own page says that a limit cannot be removed. The types are inferred.
   *
   * Needs the scope `data-pool:limit`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  dataLimit(
    custno: string | number,
    body: DataLimitBody,
    options: KeyedOptions,
  ): Promise<Answered<DataLimitAnswer, ChangeReceipt>>;

  /**
   * Move services to another pool
   *
   * Moves services of the customer from their pool to another one.
   *
   * Source: a public program that calls it and reads these fields of the answer. The types are inferred.
   *
   * Needs the scope `data-pool:transfer`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  dataPoolTransfer(
    custno: string | number,
    body: DataPoolTransferBody,
    options: KeyedOptions,
  ): Promise<Answered<DataPoolTransferAnswer, ChangeReceipt>>;

  /**
   * Disconnect a data pool
   *
   * Ends the data pool of a service.
   *
   * Source: a public program that calls it and reads these fields of the answer. The types are inferred.
   *
   * Needs the scope `data-pool:disconnect`.
   *
   * @param custno The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.
   * @throws {OctaneBffError}
   */
  dataPoolDisconnect(
    custno: string | number,
    body: DataPoolDisconnectBody,
    options: KeyedOptions,
  ): Promise<Answered<DataPoolDisconnectAnswer, ChangeReceipt>>;

  /**
   * Get the state of an eSIM profile
   *
   * Returns the state of the eSIM profile of a mobile service. It changes nothing, although its method is POST.
   *
   * Source: the vendor's own page, and a public program that calls this path. The answer to a request for the QR code is not public.
   *
   * Needs the scope `esim:read`.
   *
   * @throws {OctaneBffError}
   */
  esimDetails(body: EsimDetailsBody, options?: CallOptions): Promise<Answered<EsimDetailsAnswer, Receipt>>;
}

const OF_CUSTOMER = '/v1/customers/{custno}';
/**
 * How each method is carried out: flags, the method of HTTP and the path. The flags: `k`, it has an Idempotency-Key; `K`, one that
 * the app gives; `b`, a body; `q`, a query; `a`, an answer that is read.
 */
export const OPERATIONS: Readonly<Record<keyof OctaneBffClient, string>> = {
  setDirectDebit: `kba POST ${OF_CUSTOMER}/direct-debit`,
  sendWelcomeEmail: `k POST ${OF_CUSTOMER}/send-welcome-email`,
  payment: `Kb POST ${OF_CUSTOMER}/payments`,
  paymentMethod: `Kb POST ${OF_CUSTOMER}/payment-methods`,
  customerUpdate: `Kb PATCH ${OF_CUSTOMER}`,
  serviceQualification: 'ba POST /v1/service-qualifications',
  dataPool: `a GET ${OF_CUSTOMER}/services/{lineseqno}/data-pool`,
  dataLimit: `Kba POST ${OF_CUSTOMER}/data-limits`,
  dataPoolTransfer: `Kba POST ${OF_CUSTOMER}/data-pool-transfers`,
  dataPoolDisconnect: `Kba POST ${OF_CUSTOMER}/data-pool-disconnections`,
  esimDetails: 'ba POST /v1/esim-details',
};
