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
      'The gateway cannot read the body as JSON. The body is missing, is cut off or has a syntax error.',
    action: 'Build the body with a JSON library, not by hand. Check the bytes that your app really sends.',
  },
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is not a valid HTTP request for this API.',
    meaning:
      'Something outside the body is wrong: the customer number in the path, a query parameter, a header, or the HTTP message itself. For a fault of HTTP, the status says which one. Otherwise the status is 400.',
    action:
      'Correct the request. A customer number has 1 to 10 digits and no leading zero. Use "me" for the customer in the token.',
  },
  'idempotency-key-required': {
    status: 400,
    title: 'Idempotency key required',
    detail: 'Send an Idempotency-Key, because this change must not happen twice.',
    meaning: 'The request has no Idempotency-Key, and this operation requires one.',
    action:
      'Make a new key for each new change, for example a UUID. If you repeat a request, use the same key again.',
  },
  'authentication-required': {
    status: 401,
    title: 'Authentication required',
    detail: 'Send an access token in the header "Authorization: Bearer <token>".',
    meaning:
      'The request has no access token, or the scheme in its Authorization header is neither Bearer nor DPoP.',
    action: 'Get an access token from your identity provider and send it with every request.',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid access token',
    detail: 'The access token was not accepted. Get a new one from your identity provider.',
    meaning:
      'The token has one of these faults. It is malformed, expired, not yet valid, or valid for too long. It is signed with an unknown key or a forbidden algorithm. It is meant for another audience. It is from an issuer that this gateway does not know. It is an ID token, not an access token.',
    action:
      'Get a new token and send the request again. If the gateway refuses the new token, too, compare its "iss", "aud" and "exp" with the values that the operator of the gateway expects.',
  },
  'invalid-dpop-proof': {
    status: 401,
    title: 'Invalid DPoP proof',
    detail: 'The DPoP proof was not accepted.',
    meaning:
      'The access token is bound to a key, and the request does not prove that you have this key (RFC 9449). The DPoP header is missing, or its proof was used before, belongs to another request or token, is too old or too new, or has a wrong signature.',
    action:
      'Make a new proof for each request, also for a repeated one. If "detail" mentions the time, correct your clock with the Date header of the answer.',
  },
  'insufficient-user-authentication': {
    status: 401,
    title: 'Insufficient user authentication',
    detail: 'The user must log in again. The WWW-Authenticate header of the answer says how.',
    meaning:
      'The token is valid, but this operation needs a stronger or more recent login (RFC 9470). "acr_values" and "max_age" in the WWW-Authenticate header of the answer say which login.',
    action:
      'Send the user to your identity provider with these "acr_values" and this "max_age". Then send the request again with the new token.',
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
    meaning: 'The token does not have the scope that the WWW-Authenticate header of the answer names.',
    action: 'Request that scope when you get the token.',
  },
  'customer-not-permitted': {
    status: 403,
    title: 'Customer not permitted',
    detail: 'This access token may not act for that customer.',
    meaning:
      'The token names no customer or another customer than the path. Or the path says "me" and the token names several customers. Or only clients that may act for every customer can use this operation.',
    action: 'Use "me" in the path, or a customer number that the token names.',
  },
  'access-blocked': {
    status: 403,
    title: 'Access blocked',
    detail: 'The operator has blocked this user or this customer.',
    meaning:
      'The operator has blocked the user in the token or the customer in the path until further notice.',
    action: 'Do not send the request again. Tell the user whom to contact.',
  },
  'octane-access-denied': {
    status: 403,
    title: 'Octane denied access',
    detail: 'The billing system does not give access to this customer.',
    meaning:
      'Octane answered 403. The customer does not exist, or does not belong to the group of your client. Nothing was changed.',
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
      'The request names something in its path, query or body that does not exist or belongs to another customer. Nothing was changed.',
    action: 'Look up what the customer has, and name that.',
    retryable: false,
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not support this method. The Allow header lists the methods that it supports.',
    meaning: 'The path exists, but it does not support this method.',
    action: 'Use one of the methods that the Allow header lists.',
  },
  'request-in-progress': {
    status: 409,
    title: 'Request in progress',
    detail:
      'A request with this Idempotency-Key is still in progress. Send the same request again after the time in Retry-After.',
    meaning: 'An earlier request with this Idempotency-Key and this body has no outcome yet.',
    action:
      'Send the same request with the same key again after the seconds in Retry-After. You then get the answer to the first request.',
    retryAfterSeconds: 1,
  },
  'outcome-unknown': {
    status: 409,
    title: 'Outcome unknown',
    detail:
      'It is not known whether the change with this Idempotency-Key was made. The gateway does not send it again.',
    meaning:
      'The gateway sent the first request with this key to Octane, but got no answer. The change may have been made. If the gateway sent it again, the change could be made twice.',
    action:
      'Find out whether the change was made. "detail" says how. If it was not, send the request with a new Idempotency-Key.',
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
    meaning: 'The headers say that the body is not JSON, is not in UTF-8, or is compressed.',
    action: 'Set "Content-Type: application/json" and leave out Content-Encoding.',
  },
  'validation-failed': {
    status: 422,
    title: 'Validation failed',
    detail: 'The request breaks the rules that "errors" lists.',
    meaning:
      'One or more fields of the body, or parameters of the path or the query, break a rule. "errors" lists all of them. Each entry has a JSON Pointer to the field or the name of the parameter, a code for programs, and a sentence for people.',
    action: 'Correct each field and parameter in "errors", and send the request again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This Idempotency-Key was used with another request. Use a new key for a new request.',
    meaning:
      'A key belongs to one request. This key was used before for this operation and customer, with another body or other parameters.',
    action:
      'Make a new key for each new request, for example a UUID. Use a key again only to repeat the same request.',
  },
  'octane-rejected': {
    status: 422,
    title: 'Octane rejected the request',
    detail: 'The billing system refused this request. Nothing was changed.',
    meaning:
      'The request passed the rules of the gateway, but Octane refused it: it answered 400, 409 or 422, or a success whose body says that nothing was done. Nothing was changed.',
    action:
      'Do not send the same request again. Check whether the change makes sense for this customer. The operator can find the request by its id.',
  },
  'rate-limited': {
    status: 429,
    title: 'Rate limit exceeded',
    detail: 'Too many requests. Try again after the time in Retry-After.',
    meaning:
      'You reached a limit: that of the user, of your client, of changes for this customer, or of bad access tokens from your address. The headers RateLimit-Policy and RateLimit list each limit, how much of it is left and when it starts again. The limit with the least left comes first. Nothing was sent, so nothing was changed.',
    action:
      'Send the same request again after the seconds in Retry-After. Spread your requests so that RateLimit does not reach 0. If the gateway refused your access token, get a new one. A valid token always passes this limit.',
    outcome: 'not-sent',
    retryable: true,
  },
  'headers-too-large': {
    status: 431,
    title: 'Request headers too large',
    detail: 'The request headers are larger than 16 KiB.',
    meaning:
      'All header lines together may have at most 16 KiB, of which the access token may have at most 8 KiB.',
    action: 'Send fewer or shorter headers.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail: 'The gateway failed. Tell the operator the request id.',
    meaning: 'The gateway has a defect. The operator finds it in the log by the request id.',
    action: 'Report the request id.',
  },
  'octane-credentials-rejected': {
    status: 502,
    title: 'Octane rejected the credentials of the gateway',
    detail: 'The billing system does not accept the credentials of the gateway. Nothing was changed.',
    meaning:
      'Octane answered 401. The credentials that the gateway has for your group are wrong or expired. Your access token is valid. After such an answer the gateway stops sending requests for your group for a time, so that Octane does not lock the account. These requests have the outcome "not-sent".',
    action:
      'Ask the operator of the gateway to correct the credentials. If "retryable" is true, you may send the same request again after the seconds in Retry-After.',
  },
  'octane-error': {
    status: 502,
    title: 'Octane failed',
    detail: 'The billing system failed to answer properly.',
    meaning:
      'Octane answered with an unexpected status, or the connection broke before the whole answer arrived. "outcome" says whether the change may have been made.',
    action:
      'If "retryable" is true, you may send the same request again. If it is false and "outcome" is "unknown", find out whether the change was made. "detail" says how.',
  },
  'octane-contract-violation': {
    status: 502,
    title: 'Octane answered in an unknown form',
    detail: 'The billing system accepted the request, but the gateway does not understand its answer.',
    meaning:
      'Octane answered with a success, but not in the documented form. So the gateway has no answer that it can pass on. A change with the outcome "applied" was made.',
    action: 'Do not send the request again. A change with the outcome "applied" was made.',
  },
  'octane-unreachable': {
    status: 502,
    title: 'Octane unreachable',
    detail: 'The billing system could not be reached. Nothing was sent.',
    meaning: 'The gateway could not connect to Octane. Nothing was sent, so nothing was changed.',
    action: 'Send the same request again after a while.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'The gateway is busy. Nothing was sent. Try again after the time in Retry-After.',
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
      'Octane answered that it is unavailable or overloaded. Or Octane failed so often that the gateway does not call it for a time.',
    action:
      'If "retryable" is true, send the same request again after the seconds in Retry-After. Otherwise look at "outcome": if it is "unknown", "detail" says how to find out whether the change was made.',
    retryAfterSeconds: 10,
  },
  'keys-unavailable': {
    status: 503,
    title: 'Signing keys unavailable',
    detail:
      'The gateway cannot fetch the keys of the identity provider, so it cannot check the access token.',
    meaning:
      'The gateway cannot reach the identity provider, and it does not remember the key of this token.',
    action: 'Send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'directory-unavailable': {
    status: 503,
    title: 'Customer links unavailable',
    detail: 'The gateway cannot look up at the moment which customers belong to the user.',
    meaning:
      'The gateway stores which customers belong to which user, and it cannot reach this store. Nothing was sent, so nothing was changed.',
    action: 'Send the same request again after the seconds in Retry-After.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'journal-unavailable': {
    status: 503,
    title: 'Journal unavailable',
    detail: 'The gateway cannot record the change at the moment.',
    meaning:
      'The gateway records every change before it sends it, and the outcome afterwards. At the moment it cannot write to its store. "outcome" says whether the change was sent.',
    action:
      'If "retryable" is true, send the same request again after the seconds in Retry-After. Otherwise look at "outcome": if it is "unknown", "detail" says how to find out whether the change was made.',
    outcome: 'not-sent',
    retryable: true,
    retryAfterSeconds: 5,
  },
  'octane-timeout': {
    status: 504,
    title: 'Octane timed out',
    detail: 'The billing system did not answer in time.',
    meaning:
      'The gateway sent the request to Octane, but did not get the whole answer in time. It is not known whether the change was made.',
    action:
      'If "retryable" is true, you may send the same request again. If it is false, find out whether the change was made. "detail" says how.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof KINDS;

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = KINDS;
