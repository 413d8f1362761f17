import { PROBLEMS } from './catalogue.ts';
import type { ProblemCode } from './catalogue.ts';

/** What one problem means and what to do about it, as `GET /problems/{code}` tells programs. */
export interface ProblemExplanation {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
  readonly action: string;
}

export function explanationOf(code: ProblemCode): ProblemExplanation {
  const { status, title, meaning, action } = PROBLEMS[code];
  return { code, status, title, meaning, action };
}

export const EXPLANATIONS: readonly ProblemExplanation[] = (Object.keys(PROBLEMS) as ProblemCode[]).map(
  explanationOf,
);

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

export function explanationPage(problem: ProblemExplanation): string {
  return page(
    `${problem.status} ${problem.title}`,
    `<p><code>${problem.code}</code> · HTTP status ${problem.status}</p>
<h2>What it means</h2>
<p>${escape(problem.meaning)}</p>
<h2>What to do</h2>
<p>${escape(problem.action)}</p>
<p><a href="../problems">All problems</a></p>`,
  );
}

export function indexPage(): string {
  const rows = EXPLANATIONS.map(
    ({ code, status, title }) =>
      `<tr><td>${status}</td><td><a href="problems/${code}"><code>${code}</code></a></td><td>${escape(title)}</td></tr>`,
  );
  return page(
    'Problems',
    `<p>The API answers every error with a problem (RFC 9457) that has one of these codes.</p>
<table><thead><tr><th>Status</th><th>Code</th><th>Title</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
</style>
</head>
<body>
<h1>${escape(title)}</h1>
${body}
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
