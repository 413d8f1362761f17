import type { Words } from '../operations/operation.ts';
import { isObject } from '../schemas/json-places.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import type { Entry } from './entry.ts';
import type { OctaneOperation } from './octane-operation.ts';

/** What people read of an operation: the words of its entry, else those of its document. */
export function wordsOf(entry: Entry, octane: OctaneOperation): Words {
  const name = entry.name.replaceAll('-', ' ');
  const heading = entry.tag ?? octane.tag?.name ?? 'Octane';
  const meaning = entry.tag === undefined ? octane.tag?.description : undefined;
  const summary = plain(entry.summary ?? octane.title ?? `${name[0]!.toUpperCase()}${name.slice(1)}`);
  return {
    tag: { name: plain(heading), description: markdown(meaning ?? 'Operations of Octane.') },
    summary,
    description: markdown(entry.description ?? octane.description ?? `${summary}.`),
  };
}

/** One line that holds no markup. */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .replaceAll('<', '‹');
}

/**
 * CommonMark in which nothing runs, loads or leads anywhere: no HTML, no link, no image. Emphasis, lists and code stay.
 */
export function markdown(text: string): string {
  return text
    .trim()
    .replaceAll(/&(?=#?\w+;)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('[', String.raw`\[`)
    .replaceAll('](', '] (');
}

/** A schema with such words, and without what is nothing for apps. */
export function withPlainWords<T extends JsonSchema>(schema: T): T {
  return worded(schema, false) as T;
}

function worded(value: unknown, isByName: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => worded(each, false));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (isByName) return [name, worded(inner, false)];
      if (name === 'description' && typeof inner === 'string') return [name, markdown(inner)];
      if (name === 'title' && typeof inner === 'string') return [name, plain(inner)];
      if (['const', 'default', 'enum', 'example', 'examples'].includes(name)) return [name, inner];
      return [name, worded(inner, /^(properties|patternProperties|\$defs|dependentSchemas)$/.test(name))];
    }),
  );
}
