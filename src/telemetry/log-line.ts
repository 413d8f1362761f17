/** One look at each line, and a second one only at a line that has something in it which hardly any has. */
const REMARKABLE = /[^\x20-\x3f\x41-\x7e]|eyJ|earer |asic /;
/** What a terminal or a log viewer might take for a command, a line end or a change of direction, and JSON leaves as it is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SECRETS = [
  // A JWS or JWE in compact form, or what is left of one.
  /\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
  /[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/gi,
];

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
  return `${withoutSecrets.replace(UNSEEN, escaped)}\n`;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
