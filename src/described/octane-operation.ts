import { Faults } from '../config/faults.ts';
import type { Method } from '../operations/operation.ts';
import { ANY, TEXT } from './octane-document.ts';
import type { Located, OctaneDocument } from './octane-document.ts';
import { isObject, pointerTo } from '../schemas/json-places.ts';
import type { JsonObject } from '../schemas/json-places.ts';
import { listIn, member, objectIn, textIn } from './references.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** More references in each other mean a schema that is about itself. */
const MAX_LEVELS = 30;

/** An operation as it stands in a document: found, not looked at. */
export interface FoundOperation {
  readonly document: OctaneDocument;
  readonly method: Method;
  /** As the document has it, but for spaces. */
  readonly path: string;
  readonly pointer: string;
  readonly value: JsonObject;
  /** What stands around it: the path item, and what that refers to. */
  readonly items: readonly Located[];
}

/** Every operation of a document. What cannot be followed is left out, as long as nobody asks for it. */
export function operationsOf(document: OctaneDocument): FoundOperation[] {
  return Object.entries(objectIn(document.root, 'paths')).flatMap(([name, value]) => {
    const path = name.trim().replaceAll(/\{\s*([^}]*?)\s*\}/g, '{$1}');
    const written = { pointer: pointerTo('/paths', name), value };
    const target = document.follow(written, new Faults());
    const items = target && target.pointer !== written.pointer ? [written, target] : [written];
    return items.flatMap((item) =>
      METHODS.flatMap((method): FoundOperation[] => {
        const operation = member(item.value, method);
        const pointer = pointerTo(item.pointer, method);
        return isObject(operation)
          ? [{ document, method: method.toUpperCase() as Method, path, pointer, value: operation, items }]
          : [];
      }),
    );
  });
}

export interface OctaneParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  /** Given by repeating it. */
  readonly list: boolean;
  /** JSON Pointer to its schema. */
  readonly schema: string;
  readonly description: string | undefined;
  readonly pointer: string;
}

/** A body in JSON. */
export interface OctaneContent {
  /** Whether the document has a schema of it. */
  readonly isDescribed: boolean;
  /** JSON Pointer to its schema. */
  readonly schema: string;
  readonly examples: readonly unknown[];
}

/** What a document says of an operation, as far as the gateway has use for it. */
export interface OctaneOperation {
  readonly found: FoundOperation;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly tag: { readonly name: string; readonly description: string | undefined } | undefined;
  readonly parameters: readonly OctaneParameter[];
  /** Headers and cookies that Octane takes and never gets. */
  readonly unsent: readonly string[];
  readonly body: OctaneContent | undefined;
  /** By status: `200`, or `2XX` for all that have no entry of their own. Undefined: no body in JSON. */
  readonly answers: ReadonlyMap<string, OctaneContent | undefined>;
}

/** Looks at an operation. Faults name their places in its document. */
export function lookAt(found: FoundOperation, faults: Faults): OctaneOperation {
  return new Look(found, faults).operation();
}

class Look {
  private readonly document: OctaneDocument;
  private readonly unsent: string[] = [];

  constructor(
    private readonly found: FoundOperation,
    private readonly faults: Faults,
  ) {
    this.document = found.document;
  }

  operation(): OctaneOperation {
    const { value } = this.found;
    const tag = listIn(value, 'tags').find((each) => typeof each === 'string');
    const tags = listIn(this.document.root, 'tags');
    return {
      found: this.found,
      title: textIn(value, 'summary'),
      description: textIn(value, 'description'),
      tag:
        tag === undefined
          ? undefined
          : {
              name: tag,
              description: textIn(
                tags.find((each) => member(each, 'name') === tag),
                'description',
              ),
            },
      parameters: this.parameters(),
      unsent: this.unsent,
      body: this.body(),
      answers: this.answers(),
    };
  }

  /** Those of the path item count as written at the operation, which may say others in their place. */
  private parameters(): OctaneParameter[] {
    const lists = [...this.found.items, this.found].map((holder) => this.parametersIn(holder));
    const byKey = new Map(lists.flatMap((list) => [...list]));
    return [...byKey.values()].flatMap((parameter) => this.parameter(parameter) ?? []);
  }

  private parametersIn({ pointer, value }: Located): Map<string, Located> {
    const byKey = new Map<string, Located>();
    for (const [index, each] of listIn(value, 'parameters').entries()) {
      const place = pointerTo(pointer, 'parameters', String(index));
      const located = this.document.follow({ pointer: place, value: each }, this.faults);
      if (!located) continue;
      const name = textIn(located.value, 'name');
      const where = textIn(located.value, 'in');
      if (
        name === undefined ||
        where === undefined ||
        !['path', 'query', 'header', 'cookie'].includes(where)
      ) {
        this.fault(place, 'must have a name and say in: path, query, header or cookie');
        continue;
      }
      const key = `${where} ${name}`;
      if (byKey.has(key)) this.fault(place, 'the operation has this parameter twice');
      byKey.set(key, located);
    }
    return byKey;
  }

  private parameter({ pointer, value }: Located): OctaneParameter | undefined {
    const name = textIn(value, 'name')!;
    const where = textIn(value, 'in');
    if (where !== 'path' && where !== 'query') {
      if (where === 'header' && /^(accept|content-type|authorization)$/i.test(name)) return undefined;
      if (member(value, 'required') === true) this.fault(pointer, `a required ${where}, which is never sent`);
      else this.unsent.push(name);
      return undefined;
    }
    if (name in Object.prototype) this.fault(pointer, 'has a name that every object of JavaScript has');
    if (member(value, 'content') !== undefined)
      this.fault(pointer, 'a parameter with content cannot be sent');
    const schema = member(value, 'schema') === undefined ? TEXT : pointerTo(pointer, 'schema');
    const kinds = new Set(kindsOf(this.document, schema));
    const usual = where === 'path' ? 'simple' : 'form';
    const list = kinds.has('list');
    const isRepeated = where === 'query' && member(value, 'explode') !== false;
    if (kinds.has('object')) this.fault(pointer, 'a parameter that is an object cannot be sent');
    else if (list && kindsOf(this.document, pointerTo(schema, 'items')).some((kind) => kind !== 'one'))
      this.fault(pointer, 'a list of lists or objects cannot be sent');
    else if (list && kinds.size > 1)
      this.fault(pointer, 'may be a list or a single value, and the gateway can send only one of these');
    else if (![undefined, usual].includes(member(value, 'style') as string) || (list && !isRepeated))
      this.fault(pointer, 'only one value, or a list in the query by repeating its name, can be sent');
    return {
      name,
      in: where,
      required: where === 'path' || member(value, 'required') === true,
      list,
      schema,
      description: textIn(value, 'description'),
      pointer,
    };
  }

  private body(): OctaneContent | undefined {
    const { pointer, value, method } = this.found;
    const written = member(value, 'requestBody');
    if (written === undefined) return undefined;
    const located = this.document.follow(
      { pointer: pointerTo(pointer, 'requestBody'), value: written },
      this.faults,
    );
    if (!located || Object.keys(objectIn(located.value, 'content')).length === 0) return undefined;
    const body = this.content(located);
    if (!body) this.fault(located.pointer, 'the body is not JSON');
    else if (method === 'GET') this.fault(located.pointer, 'a GET has no body');
    return body;
  }

  private answers(): Map<string, OctaneContent | undefined> {
    const { pointer, value } = this.found;
    const answers = new Map<string, OctaneContent | undefined>();
    for (const [status, response] of Object.entries(objectIn(value, 'responses'))) {
      if (!/^2(\d\d|XX)$/i.test(status)) continue;
      const written = { pointer: pointerTo(pointer, 'responses', status), value: response };
      const located = this.document.follow(written, this.faults);
      answers.set(status.toUpperCase(), located && this.content(located));
    }
    return answers;
  }

  /** The JSON of a body or of a response. */
  private content({ pointer, value }: Located): OctaneContent | undefined {
    const content = objectIn(value, 'content');
    const types = Object.keys(content).map((key) => ({
      key,
      type: key.split(';', 1)[0]!.trim().toLowerCase(),
    }));
    const json =
      types.find(({ type }) => type === 'application/json') ??
      types.find(({ type }) => type.endsWith('+json')) ??
      types.find(({ type }) => type === '*/*' || type === 'application/*');
    if (!json) return undefined;
    const media = content[json.key];
    const schema =
      member(media, 'schema') === undefined ? ANY : pointerTo(pointer, 'content', json.key, 'schema');
    const written = this.document.follow({ pointer: schema, value: this.document.at(schema) }, new Faults());
    const examples = [
      member(media, 'example'),
      ...Object.values(objectIn(media, 'examples')).map((example) => member(example, 'value')),
      member(written?.value, 'example'),
      ...listIn(written?.value, 'examples'),
    ];
    return {
      isDescribed: schema !== ANY,
      schema,
      examples: examples.filter((example) => example !== undefined),
    };
  }

  private fault(pointer: string, wrong: string): void {
    this.faults.add(this.document.placeOf(pointer), wrong);
  }
}

/** What values a schema allows. */
export function kindsOf(document: OctaneDocument, schema: string, level = 0): ('one' | 'list' | 'object')[] {
  const located = document.follow({ pointer: schema, value: document.at(schema) }, new Faults());
  if (!located || level > MAX_LEVELS) return ['one'];
  const { pointer, value } = located;
  const types = [member(value, 'type')].flat().filter((type) => type !== undefined && type !== 'null');
  if (types.length > 0)
    return types.map((type) => (type === 'array' ? 'list' : type === 'object' ? 'object' : 'one'));
  if (member(value, 'properties') !== undefined) return ['object'];
  if (member(value, 'items') !== undefined) return ['list'];
  const inner = ['allOf', 'anyOf', 'oneOf'].flatMap((name) =>
    listIn(value, name).flatMap((_, index) =>
      kindsOf(document, pointerTo(pointer, name, String(index)), level + 1),
    ),
  );
  return inner.length > 0 ? inner : ['one'];
}
