import type { Faults } from '../config/faults.ts';
import type { AnswerOf, NamedExample, Reading } from '../operations/operation.ts';
import { answerReader, asIsReader } from '../schemas/answer-reader.ts';
import { failureOf } from '../schemas/json-places.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { typeNameOf } from './body.ts';
import type { OctaneOperation } from './octane-operation.ts';
import { attemptSchemas } from './schema-faults.ts';
import type { Described } from './schema-faults.ts';
import { withPlainWords } from './words.ts';

const MAX_BYTES_OF_A_READ = 1024 * 1024;
const NOTHING: Reading<string> = { answer: '' };

/** Reads the JSON of a 2xx; undefined where it is nothing that Octane documents. */
type ReadText = (text: string) => string | undefined;

/**
 * What the app is answered, as JSON; an empty text is no body.
 *
 * @returns undefined where there is a fault
 */
export function planAnswer(
  described: Described,
  octane: OctaneOperation,
  faults: Faults,
): AnswerOf<string> | undefined {
  const { entry } = described;
  const hasSchema = [...octane.answers.values()].some((content) => content?.isDescribed);
  const kind = entry.answer ?? (hasSchema ? 'documented' : 'none');
  const refuses = entry.failure && failureOf(entry.failure);
  const says = (body: string): boolean => refuses?.(parsed(body)) === true;
  const size = entry.effect === 'read' ? { maxBytes: MAX_BYTES_OF_A_READ } : {};
  if (kind === 'none')
    return {
      status: 204,
      description: 'Octane has done it.',
      ...(refuses && { reads: () => true, read: (body) => (says(body) ? 'refused' : NOTHING), ...size }),
    };
  const readings = kind === 'as-is' ? asIs() : documented(described, octane, faults);
  if (!readings) return undefined;
  const readerOf = (status: number): ReadText | undefined =>
    readings.byStatus.get(String(status)) ?? readings.byStatus.get('2XX');
  return {
    status: 200,
    description: 'The answer of Octane.',
    ...size,
    reads: (status) => readerOf(status) !== undefined,
    read: (body, status) => {
      if (says(body)) return 'refused';
      const answer = readerOf(status)?.(body);
      return answer === undefined ? 'not-documented' : { answer };
    },
    schemas: readings.schemas(typeNameOf(entry.name)),
    get examples() {
      return readings.examples();
    },
  };
}

interface Readings {
  /** As a document writes them: `200`, or `2XX` for all that have no entry of their own. */
  readonly byStatus: ReadonlyMap<string, ReadText>;
  readonly schemas: (name: string) => Readonly<Record<string, JsonSchema>>;
  readonly examples: () => Readonly<Record<string, NamedExample>>;
}

const asIs = (): Readings => {
  const { read } = asIsReader();
  return {
    byStatus: new Map([
      ['2XX', read],
      ['204', noBody],
      ['205', noBody],
    ]),
    schemas: (name) => ({ [`${name}Answer`]: { description: 'Any answer of Octane.' } }),
    examples: () => ({}),
  };
};

/** Of a status that has no JSON: nothing of its body reaches the app. */
const noBody: ReadText = () => '';

function documented(described: Described, octane: OctaneOperation, faults: Faults): Readings | undefined {
  const place = `${described.place}.answer`;
  const before = faults.count;
  const readers = [...octane.answers].map(([status, content]) => ({
    status,
    content,
    reader:
      content?.isDescribed === true
        ? attemptSchemas(described, faults, () => answerReader(described.document.schemas, content.schema))
        : undefined,
  }));
  if (faults.count > before) return undefined;
  const withJson = readers.filter(({ reader }) => reader !== undefined);
  if (withJson.length === 0) faults.add(place, 'no 2xx of the document has a schema; use as-is or none');
  for (const { status, reader } of withJson) {
    if (reader!.namesNothing)
      faults.add(place, `the schema of ${status} in the document names no property; use as-is or none`);
  }
  if (faults.count > before) return undefined;
  const schemas = withJson.map(({ reader }) => withPlainWords(reader!.schema));
  return {
    byStatus: new Map(
      readers.map(({ status, reader }) => [status, reader ? (text) => reader.read(text) : noBody]),
    ),
    schemas: (name) =>
      ({
        [`${name}Answer`]: schemas.length === 1 ? schemas[0]! : { anyOf: schemas },
        ...withPlainWords(
          Object.assign({}, ...withJson.map(({ reader }) => reader!.components)) as JsonSchema,
        ),
      }) as Record<string, JsonSchema>,
    examples: () => {
      const [first] = withJson.flatMap(({ content, reader }) =>
        content!.examples.flatMap((example) => reader!.read(JSON.stringify(example)) ?? []),
      );
      return first === undefined
        ? {}
        : { example: { summary: 'An example', value: JSON.parse(first) as unknown } };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
