import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { bodyReader } from '../src/schemas/body-reader.ts';
import { SchemaDocument } from '../src/schemas/schema-document.ts';

const PAGES = globSync('docs/security/*.md').toSorted();
const TABLES = ['docs/security/asvs.md', 'docs/security/owasp-api-top-10.md'];
const SPEC = /^(?:src|test)\/.+\.spec\.ts$/;

/** The text of the page in turn with what stands in its code spans. */
function spansOf(line: string): { code: string; behind: string }[] {
  const parts = line.split('`');
  return parts.flatMap((code, index) => (index % 2 === 1 ? [{ code, behind: parts[index + 1] ?? '' }] : []));
}

/** Each `path` of a spec file with a "name" of a test or a describe behind it. */
function proofsIn(text: string): { spec: string; name: string | undefined }[] {
  return text.split('\n').flatMap((line) =>
    spansOf(line)
      .filter(({ code }) => SPEC.test(code))
      .flatMap(({ code: spec, behind }) => {
        const names = [...behind.split('|')[0]!.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
        return names.length === 0 ? [{ spec, name: undefined }] : names.map((name) => ({ spec, name }));
      }),
  );
}

/** Whether a spec file has a string with these words alone. */
function has(spec: string, name: string): boolean {
  const text = readFileSync(spec, 'utf8');
  return ["'", '"', '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

it('there is a page for each thing that a reviewer asks about', () => {
  expect(PAGES.map((page) => page.slice('docs/security/'.length))).toEqual([
    'asvs.md',
    'owasp-api-top-10.md',
    'personal-data.md',
    'threat-model.md',
  ]);
});

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names tests that exist', () => {
    const missing = proofsIn(text)
      .filter(({ spec, name }) => !existsSync(spec) || (name !== undefined && !has(spec, name)))
      .map(({ spec, name }) => `${spec}: ${name}`);
    expect(missing).toEqual([]);
  });

  it('names files that exist', () => {
    const paths = spansOf(text)
      .map(({ code }) => code)
      .filter((code) => /^(?:src|test|deploy|scripts|config|docs)\/[\w./-]+\.\w+$/.test(code));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe.each(TABLES)('each row of %s', (page) => {
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => /^\| (?:V\d|API\d)/.test(line));

  it('stands once', () => {
    const ids = rows.map((row) => row.split('|')[1]!.trim());
    expect(ids.length).toBeGreaterThan(0);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('has a test by its name, a page, or says that it is not met or does not apply', () => {
    const bare = rows.filter(
      (row) =>
        !proofsIn(row).some(({ name }) => name !== undefined) &&
        !/not met|does not apply|documented: \[/.test(row),
    );
    expect(bare).toEqual([]);
  });
});

it('the page on personal data names every table and column of the journal', () => {
  const schema = readFileSync('src/journal/store/schema.ts', 'utf8');
  const names = [
    ...schema.matchAll(/\.(?:createTable|addColumn)\('(\w+)'|^ {8}(\w+): '(?:text|bigint)',$/gm),
  ];
  const page = new Set(
    spansOf(readFileSync('docs/security/personal-data.md', 'utf8')).flatMap(({ code }) => code.split('.')),
  );
  expect(names.length).toBeGreaterThan(20);
  expect(names.map(([, name, added]) => name ?? added).filter((name) => !page.has(name!))).toEqual([]);
});

it('the entry that the page on personal data shows refuses a card number and takes a token', () => {
  const [, entry = ''] =
    /^```yaml\n(body: [^]*?)^```/m.exec(readFileSync('docs/security/personal-data.md', 'utf8')) ?? [];
  const { paths } = parse(readFileSync('config/octane/payments.yaml', 'utf8'));
  const [pay] = Object.values<any>(paths);
  const { schema } = pay.post.requestBody.content['application/json'];
  const reader = bodyReader(new SchemaDocument({ schema }, '3.1', 'payments.yaml'), '/schema', {
    set: [],
    decimals: {},
    overlay: parse(entry).body,
  });
  const { example } = pay.post.requestBody.content['application/json'];
  const pointersFor = (paymentTokenId: string): string[] => {
    const body = { ...example, paymentTokenId };
    return (reader.read(body, JSON.stringify(body)).violations ?? []).map(({ pointer }) => String(pointer));
  };
  for (const number of ['4111111111111111', '4111 1111 1111 1111', '3782-822463-10005'])
    expect(pointersFor(number)).toEqual(['#/paymentTokenId']);
  for (const token of [example.paymentTokenId, 'tok-4111', '12345678'])
    expect(pointersFor(token)).toEqual([]);
});

it('the list of what is not met has each such row of the ASVS', () => {
  const page = readFileSync('docs/security/asvs.md', 'utf8');
  const [table = '', list = ''] = page.split('\n## Not met\n');
  const rows = table.split('\n').filter((line) => /^\| V.*not met/.test(line));
  const ids = rows.map((row) => row.split('|')[1]!.trim());
  const listed = [...list.split('\nWhat you can do')[0]!.matchAll(/\bV\d+\.\d+\.\d+(?=\s+\()/g)].map(
    ([id]) => id,
  );
  expect(listed.toSorted()).toEqual(ids.toSorted());
});

/** `## What stands where` → `what-stands-where`, as GitHub does it. */
function anchorsOf(file: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of readFileSync(file, 'utf8')
    .replaceAll(/^```[^]*?^```$/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

it('each link between the pages leads to a file, and to a heading of it', () => {
  const broken: string[] = [];
  for (const page of globSync(['*.md', 'docs/**/*.md', '.github/**/*.md', 'clients/*/*.md'])) {
    const text = readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      const isThere =
        existsSync(file) && (anchor === undefined || !file.endsWith('.md') || anchorsOf(file).has(anchor));
      if (!isThere) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
