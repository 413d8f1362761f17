const MAX_NAME_CODE_POINTS = 64;

/**
 * The pointer to a property of the object at `pointer`: a JSON Pointer in its URI fragment form (RFC 6901 §6).
 * A name may be anything that the app sent, so it is cut at 64 code points and made well-formed.
 */
export function propertyPointer(pointer: string, name: string): string {
  const cut = Array.from(name.slice(0, 2 * MAX_NAME_CODE_POINTS))
    .slice(0, MAX_NAME_CODE_POINTS)
    .join('');
  const token = cut.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
  // encodeURI keeps just what a fragment may hold (RFC 3986 §3.5), and `#`, which it may not.
  return `${pointer}/${encodeURI(token).replaceAll('#', '%23')}`;
}
