import canonicalize from 'canonicalize';

/** The canonical form of a JSON value (RFC 8785): order, spacing and 1.0 for 1 make no difference. */
export function canonicalText(value: object): string {
  return canonicalize(wellFormed(value)) ?? '';
}

/** A JSON text can hold half of a surrogate pair, RFC 8785 cannot: such a string counts as its JSON text. */
function wellFormed(value: object): unknown {
  const text = JSON.stringify(value);
  // Which writes such a half as its escape, and nothing else that hardly any value has.
  if (!text.includes('\\ud')) return value;
  return JSON.parse(text, (_, part: unknown) =>
    typeof part === 'string' && !part.isWellFormed() ? JSON.stringify(part) : part,
  );
}
