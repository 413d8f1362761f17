/** What became of the change at Octane. */
export type Outcome = 'applied' | 'rejected' | 'not-sent' | 'unknown';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** The answer's `detail` where the thrower has nothing more exact to say. */
  readonly detail: string;
  /** For the page of the problem: what it means and what the app should do, in full sentences. */
  readonly meaning: string;
  readonly action: string;
  /** Only for problems that say what became of the change, and always the same. */
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
  /** Whole seconds for `Retry-After`, where the thrower knows no better. */
  readonly retryAfterSeconds?: number;
}

/** Every refusal of the gateway: the one place where a code gets its status and its words. */
const KINDS = {
  'malformed-json': {
    status: 400,
    title: 'Malformed JSON',
    detail: 'The request body is empty or not well-formed JSON. Send one JSON document, encoded in UTF-8.',
    meaning:
      'The body could not be read as JSON: it is empty where one is needed, cut off, or has a syntax error.',
    action:
      'Build the body with a JSON library rather than by hand, and look at the bytes that really leave your app.',
  },
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is not a valid HTTP request for this API.',
    meaning:
      'Something outside the body is wrong: the customer number in the path, a parameter of the query, a header, or the HTTP message itself. The status tells which kind of HTTP fault it is; without one it is 400.',
    action:
      'Correct the request. A customer number has 1 to 10 digits and no leading zero; "me" stands for the customer of the token.',
  },
  'idempotency-key-required': {
    status: 400,
    title: 'Idempotency key required',
    detail: 'Send an Idempotency-Key: this change must not happen twice.',
    meaning: 'The request has no Idempotency-Key, and this operation takes no request without one.',
    action:
      'Make a new key, for example a UUID, for each new change. Repeat a request with the key that it had.',
  },
  'authentication-required': {
    status: 401,
    title: 'Authentication required',
    detail: 'Send an access token in the header "Authorization: Bearer <token>".',
    meaning:
      'The request carries no access token, or the Authorization header uses another scheme than Bearer and DPoP.',
    action: 'Get an access token from your identity provider and send it with every request.',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid access token',
    detail: 'The access token was not accepted. Get a new one from your identity provider.',
    meaning:
      'The token is malformed, expired or not yet valid, or valid for too long; it is signed by an unknown key or with a forbidden algorithm; it is meant for another audience, or from an issuer that this gateway does not know; or it is an ID token and no access token.',
    action:
      'Get a new token and send the request once more. If a fresh token is refused too, compare its "iss", "aud" and "exp" with what the operator of the gateway expects.',
  },
  'invalid-dpop-proof': {
    status: 401,
    title: 'Invalid DPoP proof',
    detail: 'The DPoP proof was not accepted.',
    meaning:
      'The access token is bound to a key, and the request has no good proof of that key (RFC 9449): the header DPoP is missing, was used before, is of another request or of another token, is too old or too new, or its signature is wrong.',
    action:
      'Make a new proof for each request, also for one that is sent again. Where "detail" speaks of the time, set the clock by the Date header of the answer.',
  },
  'insufficient-user-authentication': {
    status: 401,
    title: 'Insufficient user authentication',
    detail: 'The user must log in again for this, as the WWW-Authenticate header of the answer says.',
    meaning:
      'The token is good, but this operation needs a login of another strength, or a more recent one (RFC 9470). "acr_values" and "max_age" in the WWW-Authenticate header of the answer tell which.',
    action:
      'Send the user to your identity provider with these "acr_values" and this "max_age", and send the request again with the token that you get.',
  },
  'caller-not-mapped': {
    status: 403,
    title: 'Caller not known',
    detail: 'This client is not registered with the gateway.',
    meaning: 'The token is valid, but its client has no entry in the configuration of the gateway.',
    action: 'Ask the operator of the gateway to register your client id together with its issuer.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'Insufficient scope',
    detail: 'The access token lacks the scope that this operation needs.',
    meaning: 'The token does not carry the scope that the WWW-Authenticate header of the answer names.',
    action: 'Request that scope when you get the token.',
  },
  'customer-not-permitted': {
    status: 403,
    title: 'Customer not permitted',
    detail: 'This access token may not act for that customer.',
    meaning:
      'The token names no customer, or others than the path does, or several for "me"; or the operation is for clients that may act for every customer.',
    action: 'Use "me" in the path, or a customer number of the token.',
  },
  'access-blocked': {
    status: 403,
    title: 'Access blocked',
    detail: 'The operator has blocked this user or this customer.',
    meaning:
      'The operator has shut out the user of the token, or the customer of the path, until further notice.',
    action: 'Do not send the request again. Show the user whom to ask.',
  },
  'octane-access-denied': {
    status: 403,
    title: 'Octane denied access',
    detail: 'The billing system does not give access to this customer.',
    meaning:
      'Octane answered 403: the customer does not exist or does not belong to the group of your client. Nothing was changed.',
    action: 'Check the customer number. If it is right, tell the operator of the gateway the request id.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    detail: 'There is nothing at this path. Paths are exact: case and a trailing slash matter.',
    meaning: 'No operation of the API has this path.',
    action: 'Compare the path with the documentation of this API.',
  },
  'customer-not-found': {
    status: 404,
    title: 'Customer not found',
    detail: 'The billing system does not know this customer.',
    meaning: 'Octane answered 404. Nothing was changed.',
    action: 'Check the customer number.',
  },
  'resource-not-found': {
    status: 404,
    title: 'Resource not found',
    detail: 'The customer has nothing of that kind.',
    meaning:
      'What the request names in its path, its query or its body does not exist, or belongs to another customer. Nothing was changed.',
    action: 'Look up what the customer has, and use one of those names.',
    retryable: false,
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not support that method. The Allow header lists those it does.',
    meaning: 'The path exists, but not with this method.',
    action: 'Use one of the methods that the Allow header lists.',
  },
  'request-in-progress': {
    status: 409,
    title: 'Request in progress',
    detail:
      'The same request with this Idempotency-Key is still being worked on. Ask again after the time in Retry-After.',
    meaning: 'A request with this Idempotency-Key and this body arrived before and has no outcome yet.',
    action:
      'Send the same request with the same key again after the seconds in Retry-After: you get its answer.',
    retryAfterSeconds: 1,
  },
  'outcome-unknown': {
    status: 409,
    title: 'Outcome unknown',
    detail:
      'Whether the request with this Idempotency-Key was carried out is not known. It is not sent again.',
    meaning:
      'The first request with this key was sent to Octane, but no answer came back. The change may have been made. Sent again with this key it could be made twice.',
    action:
      'Find out whether the change was made: "detail" says how. Only a request with a new Idempotency-Key makes it again.',
    outcome: 'unknown',
    retryable: false,
  },
  'payload-too-large': {
    status: 413,
    title: 'Payload too large',
    detail: 'The request body is larger than 16 KiB.',
    meaning: 'No request of this API needs a body of more than 16 KiB.',
    action: 'Send only the documented properties.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as uncompressed JSON in UTF-8, with "Content-Type: application/json".',
    meaning:
      'The body is declared as something else than JSON, in another character set than UTF-8, or compressed.',
    action: 'Set "Content-Type: application/json" and leave out Content-Encoding.',
  },
  'validation-failed': {
    status: 422,
    title: 'Validation failed',
    detail: 'The request breaks the rules that "errors" lists.',
    meaning:
      'One or more fields of the body, or parameters of the path or the query, break a rule. "errors" lists them all at once: a JSON Pointer to the field or the name of the parameter, a code for programs and a sentence for people.',
    action: 'Correct each field and parameter that "errors" names and send the request again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This Idempotency-Key was used with another request. Use a new key for a new request.',
    meaning:
      'A key stands for one request. It was used for this operation and customer with another body or other parameters.',
    action:
      'Make a new key, for example a UUID, for each new request, and repeat a key only with the same request.',
  },
  'octane-rejected': {
    status: 422,
    title: 'Octane rejected the request',
    detail: 'The billing system refused this request. Nothing was changed.',
    meaning:
      'The request keeps the rules of the gateway, but Octane answered 400, 409 or 422, or that it did not do it. Nothing was changed.',
    action:
      'Do not send the same request again. Check whether the change makes sense for this customer; the operator can find the request by its id.',
  },
  'rate-limited': {
    status: 429,
    title: 'Rate limit exceeded',
    detail: 'Too many requests. Try again after the time in Retry-After.',
    meaning:
      'A limit is used up: that of the user, of your client, of changes of this customer, or of bad access tokens from your address. The fields RateLimit-Policy and RateLimit tell each limit that applied, what is left of it and when it starts anew; the one with the least left stands first. Nothing was sent, so nothing was changed.',
    action:
      'Send the same request again after the seconds in Retry-After, and spread requests so that RateLimit does not reach 0. If it was an access token that was refused, get a new one: a good one always passes.',
    outcome: 'not-sent',
    retryable: true,
  },
  'headers-too-large': {
    status: 431,
    title: 'Request headers too large',
    detail: 'The request headers are larger than 16 KiB.',
    meaning: 'All header lines together may have 16 KiB, the access token 8 KiB of them.',
    action: 'Send fewer or shorter headers.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail: 'The gateway failed. Tell the operator the request id.',
    meaning: 'A defect of the gateway. The operator finds it in the log by the request id.',
    action: 'Report the request id.',
  },
  'octane-credentials-rejected': {
    status: 502,
    title: 'Octane rejected the credentials of the gateway',
    detail: 'The billing system does not accept the credentials of the gateway. Nothing was changed.',
    meaning:
      'Octane answered 401. The credentials that the gateway holds for your group are wrong or expired; your token is fine. For a time after that answer the gateway sends nothing for your group, so that Octane does not lock the account: such a request has the outcome "not-sent".',
    action:
      'The operator of the gateway has to correct the credentials. Look at "retryable": when it is true, the same request may be sent again after the seconds in Retry-After.',
  },
  'octane-error': {
    status: 502,
    title: 'Octane failed',
    detail: 'The billing system failed to answer properly.',
    meaning:
      'Octane answered with an unexpected status, or the connection broke before its answer was whole. "outcome" tells whether the change may have been made.',
    action:
      'Look at "outcome" and "retryable". When it is retryable, the same request may be sent again as it is. When it is not and the outcome is unknown, "detail" says how to find out.',
  },
  'octane-contract-violation': {
    status: 502,
    title: 'Octane answered in an unknown form',
    detail: 'The billing system accepted the request, but its answer was not understood.',
    meaning:
      'Octane answered with success, but not in the documented form, so the gateway has no trustworthy answer to hand on. A change with the outcome "applied" was made.',
    action: 'Do not send the request again: a change with the outcome "applied" was made.',
  },
  'octane-unreachable': {
    status: 502,
    title: 'Octane unreachable',
    detail: 'The billing system could not be reached. Nothing was sent.',
    meaning: 'No connection to Octane could be made. Nothing was sent, so nothing was changed.',
    action: 'Send the same request again after a while.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'The gateway is busy. Nothing was sent; try again after the time in Retry-After.',
    meaning:
      'More requests are waiting than the gateway or Octane can serve. Nothing was sent, so nothing was changed.',
    action: 'Send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 1,
  },
  'octane-unavailable': {
    status: 503,
    title: 'Octane unavailable',
    detail: 'The billing system is not available at the moment.',
    meaning:
      'Octane answered that it is unavailable or overloaded, or failed so often that the gateway gives it a rest.',
    action:
      'Look at "outcome" and "retryable". When it is retryable, send the same request again after the seconds in Retry-After.',
    retryAfterSeconds: 10,
  },
  'keys-unavailable': {
    status: 503,
    title: 'Signing keys unavailable',
    detail: 'The keys of the identity provider cannot be fetched, so the access token cannot be checked.',
    meaning:
      'The identity provider cannot be reached, and the key of this token is not among those that the gateway remembers.',
    action: 'Send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'directory-unavailable': {
    status: 503,
    title: 'Customer links unavailable',
    detail: 'Which customers belong to a user cannot be looked up at the moment.',
    meaning:
      'The operator keeps which customers belong to which user, and the store where that stands cannot be reached. Nothing was sent, so nothing was changed.',
    action: 'Send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'journal-unavailable': {
    status: 503,
    title: 'Journal unavailable',
    detail: 'The change cannot be put on record at the moment.',
    meaning:
      'Every change is put on record before it is sent and its outcome afterwards, and the store of the gateway cannot be written. "outcome" tells whether the change was sent.',
    action:
      'Look at "outcome" and "retryable". When it is retryable, send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'octane-timeout': {
    status: 504,
    title: 'Octane timed out',
    detail: 'The billing system did not answer in time.',
    meaning:
      'The request was sent, but no whole answer came in time. Whether the change was made is not known.',
    action:
      'Look at "retryable". When it is true, the same request may be sent again as it is. When it is false, "detail" says how to find out whether the change was made.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof KINDS;

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = KINDS;
