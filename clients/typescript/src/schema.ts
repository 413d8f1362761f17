// Made from openapi.json by `npm run client`: what is changed here is lost.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description The body of Set Customer Direct Debit. */
    SetDirectDebit: {
      /** @description The new direct debit. */
      directDebit: components['schemas']['DirectDebitOrder'];
    };
    /** @description The new direct debit. It replaces the old one as a whole. The description of each field lists its rules. Rules between fields are also conditions of this schema, if JSON Schema can express them. */
    DirectDebitOrder: {
      /**
       * @description The kind of direct debit. OFF means none. Only SPECIAL_DIRECT_DEBIT has the ddSpecial… properties.
       *
       *     - `required`: Send directDebitType.
       *     - `enum`: Send STANDARD_DIRECT_DEBIT, SPECIAL_DIRECT_DEBIT or OFF.
       * @example SPECIAL_DIRECT_DEBIT
       * @enum {string}
       */
      directDebitType: 'STANDARD_DIRECT_DEBIT' | 'SPECIAL_DIRECT_DEBIT' | 'OFF';
      /**
       * @description Whether the customer is notified by email (Y) or not (N).
       *
       *     - `required`: Send ddNotificationFlag.
       *     - `enum`: Send Y or N.
       * @example Y
       * @enum {string}
       */
      ddNotificationFlag: 'Y' | 'N';
      /**
       * Format: idn-email
       * @description The email address to notify.
       *
       *     - `type`: Send a string.
       *     - `format`: Send one email address of at most 254 characters, without a name.
       * @example jo.bloggs@example.com
       */
      ddNotificationEmail?: string;
      /**
       * @description The day of payment, such as the day of the month. Octane documents only that it is text.
       *
       *     - `type`: Send a string.
       *     - `format`: Send 1 to 16 printable characters, not only spaces. If you send only digits, send 1 to 31 without leading zeros.
       * @example 15
       */
      ddPaymentDay?: string;
      /**
       * @description How often a payment is taken: every week (wk), every fortnight (fn) or every month (mn).
       *
       *     - `enum`: Send wk, fn or mn.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       *     - `required`: Send a payment period with SPECIAL_DIRECT_DEBIT.
       * @example fn
       * @enum {string}
       */
      ddSpecialPaymentPeriod?: 'wk' | 'fn' | 'mn';
      /**
       * @description The payment method, as Octane's code.
       *
       *     - `enum`: Send ST or SO.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       * @example ST
       * @enum {string}
       */
      ddSpecialPaymentMethod?: 'ST' | 'SO';
      /**
       * @description The amount of each payment, in dollars.
       *
       *     - `type`: Send a finite number.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       *     - `range`: Send an amount above 0.
       *     - `range`: Send an amount of at most 9999999.99.
       *     - `precision`: Send an amount with at most 2 decimals.
       * @example 49.95
       */
      ddSpecialPaymentAmount?: number;
      /**
       * @description The day of the week of a weekly or fortnightly payment, 1 to 7. Octane does not document which day is 1.
       *
       *     - `enum`: Send an integer from 1 to 7.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       *     - `not_applicable`: Leave the day of the week out with the period mn.
       * @example 5
       */
      ddSpecialDayOfWeek?: number;
      /**
       * Format: date-time
       * @description When the payments start: an RFC 3339 date-time with an offset.
       *
       *     - `format`: Send an RFC 3339 date-time with an offset and a day that exists.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       * @example 2027-03-01T00:00:00+11:00
       */
      ddSpecialStartDate?: string;
      /**
       * Format: date-time
       * @description When the payments end: an RFC 3339 date-time with an offset, at or after ddSpecialStartDate.
       *
       *     - `format`: Send an RFC 3339 date-time with an offset and a day that exists.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       *     - `mutually_exclusive`: Send at most one of ddSpecialEndDate and ddSpecialRequiredCount.
       *     - `date_order`: Send an end date at or after ddSpecialStartDate.
       * @example 2027-09-01T00:00:00+10:00
       */
      ddSpecialEndDate?: string;
      /**
       * @description The number of payments to take.
       *
       *     - `type`: Send an integer.
       *     - `not_applicable`: Send this property with SPECIAL_DIRECT_DEBIT only.
       *     - `mutually_exclusive`: Send at most one of ddSpecialEndDate and ddSpecialRequiredCount.
       *     - `range`: Send a count of at least 1.
       *     - `range`: Send a count of at most 2147483647.
       * @example 12
       */
      ddSpecialRequiredCount?: number;
    };
    /** @description The answer of Set Customer Direct Debit. */
    DirectDebitAnswer: {
      directDebit: components['schemas']['DirectDebit'];
    };
    /** @description The direct debit as Octane has it now. A property without a value is left out. */
    DirectDebit: {
      /**
       * @description The kind of direct debit. OFF means none. Only SPECIAL_DIRECT_DEBIT has the ddSpecial… properties.
       * @example SPECIAL_DIRECT_DEBIT
       * @enum {string}
       */
      directDebitType: 'STANDARD_DIRECT_DEBIT' | 'SPECIAL_DIRECT_DEBIT' | 'OFF';
      /**
       * @description Whether the customer is notified by email (Y) or not (N).
       * @example Y
       * @enum {string}
       */
      ddNotificationFlag: 'Y' | 'N';
      /**
       * @description The email address to notify.
       * @example jo.bloggs@example.com
       */
      ddNotificationEmail?: string;
      /**
       * @description The day of payment, such as the day of the month. Octane documents only that it is text.
       * @example 15
       */
      ddPaymentDay?: string;
      /**
       * @description How often a payment is taken: every week (wk), every fortnight (fn) or every month (mn).
       * @example fn
       * @enum {string}
       */
      ddSpecialPaymentPeriod?: 'wk' | 'fn' | 'mn';
      /**
       * @description The payment method, as Octane's code.
       * @example ST
       * @enum {string}
       */
      ddSpecialPaymentMethod?: 'ST' | 'SO';
      /**
       * Format: double
       * @description The amount of each payment, in dollars.
       * @example 49.95
       */
      ddSpecialPaymentAmount?: number;
      /**
       * @description The day of the week of a weekly or fortnightly payment, 1 to 7. Octane does not document which day is 1.
       * @example 5
       */
      ddSpecialDayOfWeek?: number;
      /**
       * @description How the payments end: after a count (EA), on a date (ED) or never (EN). Set by Octane alone.
       * @example EA
       * @enum {string}
       */
      ddSpecialEndType?: 'EA' | 'ED' | 'EN';
      /**
       * Format: date-time
       * @description When the payments start: an RFC 3339 date-time with an offset.
       * @example 2027-03-01T00:00:00+11:00
       */
      ddSpecialStartDate?: string;
      /**
       * Format: date-time
       * @description When the payments end: an RFC 3339 date-time with an offset, at or after ddSpecialStartDate.
       * @example 2027-09-01T00:00:00+10:00
       */
      ddSpecialEndDate?: string;
      /**
       * @description The number of payments to take.
       * @example 12
       */
      ddSpecialRequiredCount?: number;
      /**
       * @description How many payments have been taken. Set by Octane alone.
       * @example 0
       */
      ddSpecialCurrentCount?: number;
    };
    /** @description The body of Send Welcome Email: an object without properties. */
    SendWelcomeEmail: Record<string, never>;
    PaymentBody: {
      /** @description The token that the app got from the payment provider. */
      paymentTokenId: string;
      /**
       * Format: double
       * @description The amount to pay.
       */
      amount: number;
      /** @description A text that Octane stores with the transaction. */
      comment: string;
      /** @description The email address for the receipt. */
      receiptEmail: string;
    };
    PaymentMethodBody: {
      /** @description The payment provider as a code of Octane. One is known: QS, for Westpac QuickStream. */
      paymentProvider: string;
      /** @description The token that the app got from the payment provider. */
      paymentTokenId: string;
    };
    CustomerUpdateBody: {
      /** @description The address of the customer. */
      address?: {
        addressLine1?: string;
        addressLine2?: string;
        suburb?: string;
        state?: string;
        postcode?: string;
        /** @description A code, such as AU. */
        countryCode?: string;
      };
      /** @description How the customer is reached. */
      contactMedium?: {
        /** @description A code, such as PHONE. */
        contactType: string;
        /** @description The number or the address. */
        contactDestination: string;
      }[];
      /** @description Who may act for the customer. */
      authorisedPerson?: {
        authPhone?: string;
        authMobile?: string;
        authEmail?: string;
        /** @description Another email address. */
        authEmailAlt?: string;
      };
    };
    ServiceQualificationBody: {
      /**
       * @description The product.
       * @enum {string}
       */
      productSelection: 'nbn';
      /** @description The number of the place. */
      locationId: string;
      csn?: string;
      pri?: string;
      /** @enum {string} */
      sqType?: 'NFAS';
    };
    ServiceQualificationAnswer: {
      /** @description 0 if there is no error. */
      errorCode?: unknown;
      errorMessage?: unknown;
      /** @description false, also as a string, if Octane refused the request. */
      success?: boolean | string;
      response?: {
        remoteOrderId?: unknown;
        qualificationSearchId?: unknown;
        remoteQualificationSearchId?: unknown;
        productSelection?: unknown;
        /** @description The day, such as 18-04-2024. */
        dateSubmitted?: unknown;
        location?: {
          id?: unknown;
          addressString?: unknown;
          streetNumber?: unknown;
          street?: unknown;
          suburb?: unknown;
          state?: unknown;
          postcode?: unknown;
          gpsLatitude?: unknown;
          gpsLongitude?: unknown;
          technologyType?: unknown;
          technologyTypeDescription?: unknown;
          serviceClass?: unknown;
          serviceClassDescription?: unknown;
          region?: unknown;
          locationIdentifiers?: {
            type?: unknown;
            id?: unknown;
            name?: unknown;
          };
        };
        product?: {
          productName?: unknown;
          productResult?: unknown;
          productResultReason?: unknown;
          supportedProductFeatures?: {
            name?: unknown;
            value?: unknown;
          }[];
        };
        infrastructures?: {
          id?: unknown;
          ntdType?: unknown;
          ntdPowerType?: unknown;
          batteryPowerUnit?: unknown;
          ntdLocation?: unknown;
          ntdPort?: unknown[];
        }[];
      };
    };
    DataPoolAnswer: {
      /** @description false, also as a string, if Octane refused the request. */
      success?: boolean | string;
      /** @description The pool. */
      provider?: {
        /** @description The number of the pool. */
        memberId?: unknown;
        /** @description Four are known: OPTED-IN PENDING, OPTED-IN, OPTED-OUT PENDING and OPTED-OUT. */
        dataPoolStatus?: string;
        /** @description How much data the pool has: a number and its unit. */
        dataMaxCap?: string;
        /** @description How much of it is used: a number and its unit. */
        dataUsage?: string;
      };
    };
    DataLimitBody: {
      /** @description The services. */
      consumerServices: {
        /** @description The number of the service within the customer's services. */
        lineSeqNo: number;
        /** @description The limit in bytes. */
        dataLimit: number;
      }[];
    };
    DataLimitAnswer: {
      /** @description 0 if there is no error. */
      errorCode?: unknown;
      orderDetails?: components['schemas']['data-pools.OrderDetails.answer'];
    };
    'data-pools.OrderDetails.answer': {
      /** @description false, also as a string, if Octane refused the order. */
      success?: boolean | string;
      /** @description The number of the order. */
      orderId?: unknown;
    }[];
    DataPoolTransferBody: {
      /** @description The number of the service with the present pool, within the customer's services. */
      lineseqno: number;
      /** @description The number of the other pool. */
      newProviderId: string | number;
      /** @description The number of the service that has the other pool. */
      newProviderLineseqno: number;
      /** @description The services that move. */
      serviceNumbers: string[];
    };
    DataPoolTransferAnswer: {
      orderDetails?: components['schemas']['data-pools.OrderDetails.answer'];
    };
    DataPoolDisconnectBody: {
      /** @description The number of the service with the pool, within the customer's services. */
      lineseqno: number;
    };
    DataPoolDisconnectAnswer: {
      /** @description false, also as a string, if Octane refused the request. */
      success?: boolean | string;
      /** @description The number of the order. */
      orderId?: unknown;
    };
    EsimDetailsBody: {
      /** @description The number of the service. Either this or orderId. */
      msn?: string;
      /** @description The number of the order. */
      orderId?: string | number;
    };
    EsimDetailsAnswer: {
      /** @description Among others RELEASED, LINKED, AVAILABLE and ERROR. */
      profileState?: string;
      /** @description Why there is no profile. */
      error?: unknown;
    };
    /**
     * @description What went wrong, for programs. More codes may be added. Handle an unknown code by its status.
     *
     *     - `malformed-json` (400): Malformed JSON
     *     - `invalid-request` (400): Invalid request
     *     - `idempotency-key-required` (400): Idempotency key required
     *     - `authentication-required` (401): Authentication required
     *     - `invalid-token` (401): Invalid access token
     *     - `invalid-dpop-proof` (401): Invalid DPoP proof
     *     - `insufficient-user-authentication` (401): Insufficient user authentication
     *     - `caller-not-mapped` (403): Caller not known
     *     - `insufficient-scope` (403): Insufficient scope
     *     - `customer-not-permitted` (403): Customer not permitted
     *     - `access-blocked` (403): Access blocked
     *     - `octane-access-denied` (403): Octane denied access
     *     - `not-found` (404): Not found
     *     - `customer-not-found` (404): Customer not found
     *     - `resource-not-found` (404): Resource not found
     *     - `method-not-allowed` (405): Method not allowed
     *     - `request-in-progress` (409): Request in progress
     *     - `outcome-unknown` (409): Outcome unknown
     *     - `payload-too-large` (413): Payload too large
     *     - `unsupported-media-type` (415): Unsupported media type
     *     - `validation-failed` (422): Validation failed
     *     - `idempotency-key-reused` (422): Idempotency key reused
     *     - `octane-rejected` (422): Octane rejected the request
     *     - `rate-limited` (429): Rate limit exceeded
     *     - `headers-too-large` (431): Request headers too large
     *     - `internal-error` (500): Internal error
     *     - `octane-credentials-rejected` (502): Octane rejected the credentials of the gateway
     *     - `octane-error` (502): Octane failed
     *     - `octane-contract-violation` (502): Octane answered in an unknown form
     *     - `octane-unreachable` (502): Octane unreachable
     *     - `overloaded` (503): Overloaded
     *     - `octane-unavailable` (503): Octane unavailable
     *     - `keys-unavailable` (503): Signing keys unavailable
     *     - `directory-unavailable` (503): Customer links unavailable
     *     - `journal-unavailable` (503): Journal unavailable
     *     - `octane-timeout` (504): Octane timed out
     */
    ProblemCode: string;
    /** @description The properties of every error (RFC 9457). More properties may be added. */
    Problem: {
      /**
       * Format: uri-reference
       * @description Where the problem is explained, as a page for people and as JSON for programs.
       * @example /problems/rate-limited
       */
      type: string;
      /** @description The kind of problem, for people. */
      title: string;
      /** @description The status of the answer. */
      status: number;
      /** @description What to do, for people. The text may change. */
      detail: string;
      /**
       * @description The request id, as in the header X-Request-Id. The operator finds the request by it.
       * @example 0b5f2d34-6f0e-4a0e-9c53-7d1f6b1c2a90
       */
      instance: string;
      code: components['schemas']['ProblemCode'];
    };
    /** @description One field or parameter that breaks a rule, with the first rule that it breaks. It has either `pointer` or `parameter`. */
    FieldError: {
      /**
       * @description JSON Pointer to the field, as a URI fragment (RFC 6901). # means the whole body.
       * @example #/payment/amount
       */
      pointer?: string;
      /** @description The name of a parameter of the path or the query. */
      parameter?: string;
      /**
       * @description The kind of rule, for programs.
       * @enum {string}
       */
      code:
        | 'required'
        | 'null'
        | 'type'
        | 'enum'
        | 'format'
        | 'read_only'
        | 'unknown_property'
        | 'not_applicable'
        | 'mutually_exclusive'
        | 'range'
        | 'precision'
        | 'date_order'
        | 'length'
        | 'pattern'
        | 'items'
        | 'schema';
      /** @description What to do, for people. The text may change. */
      detail: string;
    };
    /**
     * @description The gateway cannot read the body as JSON. The body is missing, is cut off or has a syntax error.
     *
     *     Build the body with a JSON library, not by hand. Check the bytes that your app really sends.
     */
    MalformedJsonProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'malformed-json';
      /** @constant */
      status: 400;
    };
    /**
     * @description Something outside the body is wrong: the customer number in the path, a query parameter, a header, or the HTTP message itself. For a fault of HTTP, the status says which one. Otherwise the status is 400.
     *
     *     Correct the request. A customer number has 1 to 10 digits and no leading zero. Use "me" for the customer in the token.
     */
    InvalidRequestProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'invalid-request';
      /** @description One of 400, 408, 414, 417, 501 and 505. */
      status: number;
    };
    /**
     * @description The request has no Idempotency-Key, and this operation requires one.
     *
     *     Make a new key for each new change, for example a UUID. If you repeat a request, use the same key again.
     */
    IdempotencyKeyRequiredProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'idempotency-key-required';
      /** @constant */
      status: 400;
    };
    /**
     * @description The request has no access token, or the scheme in its Authorization header is neither Bearer nor DPoP.
     *
     *     Get an access token from your identity provider and send it with every request.
     */
    AuthenticationRequiredProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'authentication-required';
      /** @constant */
      status: 401;
    };
    /**
     * @description The token has one of these faults. It is malformed, expired, not yet valid, or valid for too long. It is signed with an unknown key or a forbidden algorithm. It is meant for another audience. It is from an issuer that this gateway does not know. It is an ID token, not an access token.
     *
     *     Get a new token and send the request again. If the gateway refuses the new token, too, compare its "iss", "aud" and "exp" with the values that the operator of the gateway expects.
     */
    InvalidTokenProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'invalid-token';
      /** @constant */
      status: 401;
    };
    /**
     * @description The access token is bound to a key, and the request does not prove that you have this key (RFC 9449). The DPoP header is missing, or its proof was used before, belongs to another request or token, is too old or too new, or has a wrong signature.
     *
     *     Make a new proof for each request, also for a repeated one. If "detail" mentions the time, correct your clock with the Date header of the answer.
     */
    InvalidDpopProofProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'invalid-dpop-proof';
      /** @constant */
      status: 401;
    };
    /**
     * @description The token is valid, but its client has no entry in the configuration of the gateway.
     *
     *     Ask the operator of the gateway to register your client id together with its issuer.
     */
    CallerNotMappedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'caller-not-mapped';
      /** @constant */
      status: 403;
    };
    /**
     * @description The token does not have the scope that the WWW-Authenticate header of the answer names.
     *
     *     Request that scope when you get the token.
     */
    InsufficientScopeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'insufficient-scope';
      /** @constant */
      status: 403;
    };
    /**
     * @description The token names no customer or another customer than the path. Or the path says "me" and the token names several customers. Or only clients that may act for every customer can use this operation.
     *
     *     Use "me" in the path, or a customer number that the token names.
     */
    CustomerNotPermittedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'customer-not-permitted';
      /** @constant */
      status: 403;
    };
    /**
     * @description The operator has blocked the user in the token or the customer in the path until further notice.
     *
     *     Do not send the request again. Tell the user whom to contact.
     */
    AccessBlockedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'access-blocked';
      /** @constant */
      status: 403;
    };
    /**
     * @description Octane answered 403. The customer does not exist, or does not belong to the group of your client. Nothing was changed.
     *
     *     Check the customer number. If it is right, tell the operator of the gateway the request id.
     */
    OctaneAccessDeniedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-access-denied';
      /** @constant */
      status: 403;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `rejected`: Octane refused it
       * @enum {string}
       */
      outcome?: 'rejected';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description No operation of the API has this path.
     *
     *     Compare the path with the documentation of this API.
     */
    NotFoundProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'not-found';
      /** @constant */
      status: 404;
    };
    /**
     * @description Octane answered 404. Nothing was changed.
     *
     *     Check the customer number.
     */
    CustomerNotFoundProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'customer-not-found';
      /** @constant */
      status: 404;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `rejected`: Octane refused it
       * @enum {string}
       */
      outcome?: 'rejected';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description The request names something in its path, query or body that does not exist or belongs to another customer. Nothing was changed.
     *
     *     Look up what the customer has, and name that.
     */
    ResourceNotFoundProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'resource-not-found';
      /** @constant */
      status: 404;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `rejected`: Octane refused it
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'rejected' | 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description The path exists, but it does not support this method.
     *
     *     Use one of the methods that the Allow header lists.
     */
    MethodNotAllowedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'method-not-allowed';
      /** @constant */
      status: 405;
    };
    /**
     * @description An earlier request with this Idempotency-Key and this body has no outcome yet.
     *
     *     Send the same request with the same key again after the seconds in Retry-After. You then get the answer to the first request.
     */
    RequestInProgressProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'request-in-progress';
      /** @constant */
      status: 409;
    };
    /**
     * @description The gateway sent the first request with this key to Octane, but got no answer. The change may have been made. If the gateway sent it again, the change could be made twice.
     *
     *     Find out whether the change was made. "detail" says how. If it was not, send the request with a new Idempotency-Key.
     */
    OutcomeUnknownProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'outcome-unknown';
      /** @constant */
      status: 409;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `unknown`: nobody knows whether it was made
       * @enum {string}
       */
      outcome?: 'unknown';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description No request of this API needs a body of more than 16 KiB.
     *
     *     Send only the documented properties.
     */
    PayloadTooLargeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'payload-too-large';
      /** @constant */
      status: 413;
    };
    /**
     * @description The headers say that the body is not JSON, is not in UTF-8, or is compressed.
     *
     *     Set "Content-Type: application/json" and leave out Content-Encoding.
     */
    UnsupportedMediaTypeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'unsupported-media-type';
      /** @constant */
      status: 415;
    };
    /**
     * @description One or more fields of the body, or parameters of the path or the query, break a rule. "errors" lists all of them. Each entry has a JSON Pointer to the field or the name of the parameter, a code for programs, and a sentence for people.
     *
     *     Correct each field and parameter in "errors", and send the request again.
     */
    ValidationFailedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'validation-failed';
      /** @constant */
      status: 422;
      /** @description All fields and parameters that break a rule, 50 at most. */
      errors: components['schemas']['FieldError'][];
    };
    /**
     * @description A key belongs to one request. This key was used before for this operation and customer, with another body or other parameters.
     *
     *     Make a new key for each new request, for example a UUID. Use a key again only to repeat the same request.
     */
    IdempotencyKeyReusedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'idempotency-key-reused';
      /** @constant */
      status: 422;
    };
    /**
     * @description The request passed the rules of the gateway, but Octane refused it: it answered 400, 409 or 422, or a success whose body says that nothing was done. Nothing was changed.
     *
     *     Do not send the same request again. Check whether the change makes sense for this customer. The operator can find the request by its id.
     */
    OctaneRejectedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-rejected';
      /** @constant */
      status: 422;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `rejected`: Octane refused it
       * @enum {string}
       */
      outcome?: 'rejected';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description You reached a limit: that of the user, of your client, of changes for this customer, or of bad access tokens from your address. The headers RateLimit-Policy and RateLimit list each limit, how much of it is left and when it starts again. The limit with the least left comes first. Nothing was sent, so nothing was changed.
     *
     *     Send the same request again after the seconds in Retry-After. Spread your requests so that RateLimit does not reach 0. If the gateway refused your access token, get a new one. A valid token always passes this limit.
     */
    RateLimitedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'rate-limited';
      /** @constant */
      status: 429;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description All header lines together may have at most 16 KiB, of which the access token may have at most 8 KiB.
     *
     *     Send fewer or shorter headers.
     */
    HeadersTooLargeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'headers-too-large';
      /** @constant */
      status: 431;
    };
    /**
     * @description The gateway has a defect. The operator finds it in the log by the request id.
     *
     *     Report the request id.
     */
    InternalErrorProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'internal-error';
      /** @constant */
      status: 500;
    };
    /**
     * @description Octane answered 401. The credentials that the gateway has for your group are wrong or expired. Your access token is valid. After such an answer the gateway stops sending requests for your group for a time, so that Octane does not lock the account. These requests have the outcome "not-sent".
     *
     *     Ask the operator of the gateway to correct the credentials. If "retryable" is true, you may send the same request again after the seconds in Retry-After.
     */
    OctaneCredentialsRejectedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-credentials-rejected';
      /** @constant */
      status: 502;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `rejected`: Octane refused it
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'rejected' | 'not-sent';
      /** @description Whether you may send the same request again, unchanged. */
      retryable: boolean;
    };
    /**
     * @description Octane answered with an unexpected status, or the connection broke before the whole answer arrived. "outcome" says whether the change may have been made.
     *
     *     If "retryable" is true, you may send the same request again. If it is false and "outcome" is "unknown", find out whether the change was made. "detail" says how.
     */
    OctaneErrorProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-error';
      /** @constant */
      status: 502;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `unknown`: nobody knows whether it was made
       *     - `rejected`: Octane refused it
       * @enum {string}
       */
      outcome?: 'unknown' | 'rejected';
      /** @description Whether you may send the same request again, unchanged. */
      retryable: boolean;
    };
    /**
     * @description Octane answered with a success, but not in the documented form. So the gateway has no answer that it can pass on. A change with the outcome "applied" was made.
     *
     *     Do not send the request again. A change with the outcome "applied" was made.
     */
    OctaneContractViolationProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-contract-violation';
      /** @constant */
      status: 502;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `applied`: it was made
       * @enum {string}
       */
      outcome?: 'applied';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: false;
    };
    /**
     * @description The gateway could not connect to Octane. Nothing was sent, so nothing was changed.
     *
     *     Send the same request again after a while.
     */
    OctaneUnreachableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-unreachable';
      /** @constant */
      status: 502;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description More requests are waiting than the gateway or Octane can serve. Nothing was sent, so nothing was changed.
     *
     *     Send the same request again after the seconds in Retry-After.
     */
    OverloadedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'overloaded';
      /** @constant */
      status: 503;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description Octane answered that it is unavailable or overloaded. Or Octane failed so often that the gateway does not call it for a time.
     *
     *     If "retryable" is true, send the same request again after the seconds in Retry-After. Otherwise look at "outcome": if it is "unknown", "detail" says how to find out whether the change was made.
     */
    OctaneUnavailableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-unavailable';
      /** @constant */
      status: 503;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       *     - `rejected`: Octane refused it
       *     - `unknown`: nobody knows whether it was made
       * @enum {string}
       */
      outcome?: 'not-sent' | 'rejected' | 'unknown';
      /** @description Whether you may send the same request again, unchanged. */
      retryable: boolean;
    };
    /**
     * @description The gateway cannot reach the identity provider, and it does not remember the key of this token.
     *
     *     Send the same request again after the seconds in Retry-After.
     */
    KeysUnavailableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'keys-unavailable';
      /** @constant */
      status: 503;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description The gateway stores which customers belong to which user, and it cannot reach this store. Nothing was sent, so nothing was changed.
     *
     *     Send the same request again after the seconds in Retry-After.
     */
    DirectoryUnavailableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'directory-unavailable';
      /** @constant */
      status: 503;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       * @enum {string}
       */
      outcome?: 'not-sent';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description The gateway records every change before it sends it, and the outcome afterwards. At the moment it cannot write to its store. "outcome" says whether the change was sent.
     *
     *     If "retryable" is true, send the same request again after the seconds in Retry-After. Otherwise look at "outcome": if it is "unknown", "detail" says how to find out whether the change was made.
     */
    JournalUnavailableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'journal-unavailable';
      /** @constant */
      status: 503;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `not-sent`: nothing reached Octane
       *     - `unknown`: nobody knows whether it was made
       * @enum {string}
       */
      outcome?: 'not-sent' | 'unknown';
      /**
       * @description Whether you may send the same request again, unchanged.
       * @constant
       */
      retryable: true;
    };
    /**
     * @description The gateway sent the request to Octane, but did not get the whole answer in time. It is not known whether the change was made.
     *
     *     If "retryable" is true, you may send the same request again. If it is false, find out whether the change was made. "detail" says how.
     */
    OctaneTimeoutProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'octane-timeout';
      /** @constant */
      status: 504;
      /**
       * @description What happened to the change at Octane.
       *
       *     - `unknown`: nobody knows whether it was made
       * @enum {string}
       */
      outcome?: 'unknown';
      /** @description Whether you may send the same request again, unchanged. */
      retryable: boolean;
    };
    /** @description The users that are linked to a customer. */
    CustomerUsers: {
      /** @description Each with its issuer and subject. */
      users: components['schemas']['CustomerUser'][];
    };
    /** @description A user of an identity provider. */
    CustomerUser: {
      /** @description The `iss` of its tokens. */
      issuer: string;
      /** @description The `sub` of its tokens. If the `sub` holds an `@`, a character outside printable ASCII or more than 128 characters, this is `@sha256:` and the hex digits of its SHA-256. */
      subject: string;
    };
    /** @description All problems. */
    ProblemExplanations: {
      /** @description One for each code. */
      problems: components['schemas']['ProblemExplanation'][];
    };
    /**
     * @description What a problem means and what to do about it.
     * @example {
     *       "code": "octane-timeout",
     *       "status": 504,
     *       "title": "Octane timed out",
     *       "meaning": "The gateway sent the request to Octane, but did not get the whole answer in time. It is not known whether the change was made.",
     *       "action": "If \"retryable\" is true, you may send the same request again. If it is false, find out whether the change was made. \"detail\" says how."
     *     }
     */
    ProblemExplanation: {
      code: components['schemas']['ProblemCode'];
      /** @description The status that it comes with. */
      status: number;
      /** @description The kind of problem. */
      title: string;
      /** @description What has happened. */
      meaning: string;
      /** @description What the app should do. */
      action: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
