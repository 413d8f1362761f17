import { isIP, isIPv4 } from 'node:net';
import { InvalidValue } from './configuration-error.ts';

/** Turns the text of a variable into its value. Throws InvalidValue. */
export type Parser<T> = (text: string) => T;

/** Decimal digits only: no sign, blank, exponent, fraction, hexadecimal or leading zero. */
export function wholeNumber(least: number, most: number): Parser<number> {
  return (text) => {
    const number = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidValue(`must be a whole number from ${least} to ${most}`);
  };
}

/** A decimal number such as `24` or `0.5`, greater than 0. */
export function positiveNumber(most: number): Parser<number> {
  return (text) => {
    const number = /^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
    if (number > 0 && number <= most) return number;
    throw new InvalidValue(`must be a number greater than 0 and at most ${most}, such as 24 or 0.5`);
  };
}

export function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidValue('must be true or false');
}

export function oneOf<const T extends string>(...choices: readonly T[]): Parser<T> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new InvalidValue(`must be one of ${choices.join(', ')}`);
  };
}

export function hostToListenOn(text: string): string {
  if (isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) return text;
  throw new InvalidValue('must be an IP address (IPv6 without brackets) or a host name');
}

export function filePath(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidValue('must be the path of a file');
}

/** IP addresses and networks, separated by commas; blanks around a comma do not matter. No text: none. */
export function networks(text: string): readonly string[] {
  if (text === '') return Object.freeze([]);
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.findIndex((entry) => !isAddressOrNetwork(entry));
  if (wrong === -1) return Object.freeze(entries);
  throw new InvalidValue(
    `must list IP addresses or networks such as 10.0.0.0/8 or fd00::/8: entry ${wrong + 1} is neither, ` +
      'or is a network of every address (/0), where anyone could forge theirs',
  );
}

function isAddressOrNetwork(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9][0-9]{0,2}$/.test(prefix) && Number(prefix) <= (isIPv4(address) ? 32 : 128);
}

export function anyText(text: string): string {
  return text;
}

/** The URL of a proxy; http: where it has no scheme. It may hold a user name and a password, which no message shows. */
export function proxyUrl(text: string): string {
  const url = /^(https?:\/\/)?[^/?#\s\\]+\/?$/i.test(text)
    ? URL.parse(/^https?:/i.test(text) ? text : `http://${text}`)
    : null;
  if (!url) throw new InvalidValue('must be the http: or https: URL of a proxy, without a path');
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new InvalidValue('must have the user name and the password percent-encoded');
  }
  return url.href;
}
