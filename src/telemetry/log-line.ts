/** One look at each line, and a second one only at a line that has something in it which hardly any has. */
const REMARKABLE = /[^\x20-\x3f\x41-\x7e]|eyJ|earer |asic /;
/** What a terminal or a log viewer might take for a command, a line end or a change of direction, and JSON leaves as it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SECRETS = [
  // A JWS or JWE in compact form, or what is left of one.
  /\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
];
/** A character of an email address before the `@`, and all that follows it. */
const LOCAL_PART = /[\w.!#$%&'*+=?^`{|}~\u0080-\uffff-]/;
const DOMAIN = /[\w\u0080-\uffff-]+(?:\.[\w\u0080-\uffff-]+)*\.[a-z\u0080-\uffff]{2,}/iy;

/** Properties that no line has a use for, where somebody hands a whole request, answer or error to the log. */
export const REDACTED_PROPERTIES = [
  'authorization',
  'body',
  'config',
  'cookie',
  'data',
  'ddNotificationEmail',
  'email',
  'headers',
  'password',
  'payload',
  'req',
  'request',
  'res',
  'response',
  'secret',
  'token',
  'username',
];

export const REDACTED = '[redacted]';

/**
 * The second line of defence for one line of JSON, of which the last character ends the line. The first is that no secret and no
 * text from outside is handed to the log.
 */
export function harmless(line: string): string {
  const text = line.slice(0, -1);
  if (!REMARKABLE.test(text)) return line;
  const withoutSecrets = SECRETS.reduce((rest, secret) => rest.replace(secret, REDACTED), text);
  return `${withoutAddresses(withoutSecrets).replace(UNSEEN, escaped)}\n`;
}

/**
 * Looks left and right of each `@`, so that the time grows as the line does. An expression for a whole address would begin anew at
 * each character in front of the `@`, and a stranger could stop the process with one long name.
 */
function withoutAddresses(text: string): string {
  let shown = '';
  let done = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > done && LOCAL_PART.test(text[start - 1]!)) start -= 1;
    DOMAIN.lastIndex = at + 1;
    if (start === at || !DOMAIN.test(text)) continue;
    shown += text.slice(done, start) + REDACTED;
    done = DOMAIN.lastIndex;
  }
  return shown + text.slice(done);
}

function escaped(character: string): string {
  let text = '';
  for (let index = 0; index < character.length; index += 1) {
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return text;
}
