/** A variable that the gateway does not read, though it looks like one that it does. */
export interface UnreadVariable {
  readonly variable: string;
  /** The variable that was meant, as far as one can tell. */
  readonly similarTo: string | undefined;
}

/** Ours but for this prefix alone are the secrets that the gateway file names. */
const OWN_PREFIX = /^OCTANE_/i;
/** Set by npm, by Kubernetes for each service, and for other programs beside ours. */
const OF_OTHERS =
  /^npm_|_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$|^(http|ftp|all)_proxy$|^(HTTP|FTP|ALL)_PROXY$/;

/**
 * Finds variables that were probably meant to be a setting: misspelt, in another case, with a word too many or too few, or with
 * another unit.
 */
export function unreadVariables(
  names: readonly string[],
  known: readonly string[],
): readonly UnreadVariable[] {
  return (
    names
      .filter((name) => name !== '' && !known.includes(name) && !OF_OTHERS.test(name))
      // Proxies are often set in both cases, for programs that read one of them.
      .filter((name) => !names.includes(name.toUpperCase()) || name === name.toUpperCase())
      .map((variable) => ({ variable, similarTo: mostSimilar(variable, known) }))
      .filter(({ variable, similarTo }) => similarTo !== undefined || OWN_PREFIX.test(variable))
  );
}

/** The name that was probably meant, whatever its case and punctuation. */
export function mostSimilar(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .filter((candidate) => isMisspelt(name, candidate) || isReworded(name, candidate))
    .map((candidate) => ({ candidate, edits: editsBetween(letters(name), letters(candidate)) }))
    .toSorted((one, other) => one.edits - other.edits);
  return nearest?.candidate;
}

function isMisspelt(name: string, known: string): boolean {
  const [written, meant] = [letters(name), letters(known)];
  // One letter more or less makes another word of a short name, such as HOST and HOSTS.
  if (meant.length < 5) return written.length === meant.length && sorted(written) === sorted(meant);
  const edits = meant.length < 8 ? 1 : meant.length < 12 ? 2 : 3;
  return Math.abs(written.length - meant.length) <= edits && editsBetween(written, meant) <= edits;
}

/** OpenTelemetry has many variables of its own that differ from ours in their last word. */
function isReworded(name: string, known: string): boolean {
  const [written, meant] = [name.toUpperCase().split('_'), known.split('_')];
  if (written.length < 2 || meant.length < 2 || written[0] === 'OTEL') return false;
  const startsWith = (longer: string[], shorter: string[]): boolean =>
    shorter.every((word, index) => longer[index] === word);
  if (written.length !== meant.length)
    return written.length > meant.length ? startsWith(written, meant) : startsWith(meant, written);
  return meant.length > 2 && startsWith(written, meant.slice(0, -1));
}

function letters(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

function sorted(text: string): string {
  return text.split('').toSorted().join('');
}

/** Letters that were added, left out, replaced, or changed places with the next (optimal string alignment). */
function editsBetween(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row += 1) {
    const [above, twoAbove] = [rows[row - 1]!, rows[row - 2]];
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        above[column]! + 1,
        current[column - 1]! + 1,
        above[column - 1]! + (isSame ? 0 : 1),
        isSwapped && twoAbove ? twoAbove[column - 2]! + 1 : Infinity,
      );
    }
    rows.push(current);
  }
  return rows[one.length]![other.length]!;
}
