/** How a token is sent. `DPoP` comes with a proof that the sender has the key of the token (RFC 9449, section 7.1). */
export type Scheme = 'Bearer' | 'DPoP';

/** The header of a refusal that tells the app what is wrong (RFC 6750, section 3; RFC 9449, section 7.1). */
export function challenge(
  scheme: Scheme,
  parameters: Readonly<Record<string, string>>,
): { 'www-authenticate': string } {
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return { 'www-authenticate': `${scheme} ${written.join(', ')}` };
}
