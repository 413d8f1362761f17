/** What `npm audit --json` says. */
interface Report {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
}

/**
 * @param printed by `npm audit --json`
 * @returns how many vulnerabilities of each severity there are, empty for none; undefined where the registry did not answer
 */
export function vulnerabilitiesIn(printed: string): Readonly<Record<string, number>> | undefined {
  let report: Report;
  try {
    report = JSON.parse(printed) as Report;
  } catch {
    return undefined;
  }
  const counts = report.metadata?.vulnerabilities;
  return (
    counts && Object.fromEntries(Object.entries(counts).filter(([name, n]) => n > 0 && name !== 'total'))
  );
}
