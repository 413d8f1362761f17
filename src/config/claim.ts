/** The name of a claim, or, with a slash in front, a JSON Pointer (RFC 6901) to what stands inside of one. */
type ClaimPath = string;

const BAD_ESCAPE = /~(?![01])/;

export function isClaimPath(path: ClaimPath): boolean {
  return !path.startsWith('/') || !BAD_ESCAPE.test(path);
}

/** @returns undefined where the claims have nothing there */
export function claimAt(claims: unknown, path: ClaimPath): unknown {
  if (!path.startsWith('/')) return memberOf(claims, path);
  const names = path.slice(1).split('/');
  return names.reduce((at, name) => memberOf(at, name.replaceAll('~1', '/').replaceAll('~0', '~')), claims);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  // Of a list its elements count, and not its length.
  if (Array.isArray(value) && !/^(?:0|[1-9][0-9]*)$/.test(name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
