import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import { InvalidValue } from './configuration-error.ts';
import type { Faults } from './faults.ts';

/** Most levels of lists and mappings in each other, aliases written out. */
export const MAX_DEPTH = 200;
/** Of all that aliases stand for: its characters, and 16 for each value. */
const MAX_SIZE = 32 * 1024 * 1024;
const SIZE_OF_A_VALUE = 16;
const MAX_ERRORS = 20;
const TOO_DEEP = 'nested too deeply';
const BAD_ALIAS = 'an alias that refers to nothing or to itself, or too many aliases';

/**
 * Parses one YAML 1.2 document. What is wrong goes to `faults` with its line and column, never with the text itself.
 * Keys that stand twice, keys that are collections, and unknown tags are refused.
 *
 * An alias is the same object again. There is no circle of them, and written out they stay within bounds: who reads on may take the
 * value for a tree.
 *
 * @param dates what becomes of a date without quotes: YAML 1.2 takes it for text, other readers of the same file do not
 */
export function parseYaml(
  text: string,
  place: string,
  faults: Faults,
  { dates }: { readonly dates: 'text' | 'Date' },
): unknown {
  const lines = new LineCounter();
  const refuse = (wrong: string, offset?: number): void => {
    const { line, col } = lines.linePos(offset ?? 0);
    const where = offset === undefined ? '' : ` at line ${line}, column ${col}`;
    faults.add(place, `not valid YAML${where} (${wrong})`);
  };
  try {
    const document = parseDocument(text, {
      stringKeys: true,
      // Its own check takes a time that grows with the square of the number of keys.
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
      ...(dates === 'Date' && { customTags: ['timestamp'] }),
    });
    const errors = [...document.errors, ...document.warnings];
    if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw new InvalidValue(TOO_DEEP);
    for (const { code, pos } of errors.slice(0, MAX_ERRORS))
      refuse(code.toLowerCase().replaceAll('_', ' '), pos[0]);
    if (faults.has(place)) return undefined;
    const { value } = new Tree(refuse).branch(document.contents, 0);
    return faults.has(place) ? undefined : value;
  } catch (error) {
    // A text that is nested deep enough overflows the stack of the parser.
    if (!(error instanceof InvalidValue || error instanceof RangeError)) throw error;
    refuse(error instanceof InvalidValue ? error.message : TOO_DEEP);
    return undefined;
  }
}

interface Branch {
  readonly value: unknown;
  readonly size: number;
  /** Levels of lists and mappings. */
  readonly height: number;
}

/** Makes values of nodes. An alias costs the same whatever stands behind it. */
class Tree {
  /** Undefined for the anchor of a node that is not read to its end. */
  private readonly anchors = new Map<string, Branch | undefined>();
  private aliasedSize = 0;

  constructor(private readonly refuse: (wrong: string, offset: number | undefined) => void) {}

  /** @throws InvalidValue for what ends the reading */
  branch(node: unknown, depth: number): Branch {
    if (isAlias(node)) return this.aliased(node.source, depth);
    if (depth > MAX_DEPTH) throw new InvalidValue(TOO_DEEP);
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) this.anchors.set(anchor, undefined);
    const branch = isMap(node)
      ? this.mapping(node.items, depth)
      : isSeq(node)
        ? this.list(node.items, depth)
        : leaf(isScalar(node) ? node.value : null);
    if (anchor !== undefined) this.anchors.set(anchor, branch);
    return branch;
  }

  private aliased(anchor: string, depth: number): Branch {
    const branch = this.anchors.get(anchor);
    this.aliasedSize += branch?.size ?? 0;
    if (!branch || depth + branch.height > MAX_DEPTH || this.aliasedSize > MAX_SIZE)
      throw new InvalidValue(BAD_ALIAS);
    return branch;
  }

  private list(items: readonly unknown[], depth: number): Branch {
    const branches = items.map((item) => this.branch(item, depth + 1));
    return joined(
      branches.map(({ value }) => value),
      branches,
    );
  }

  private mapping(items: readonly { key: unknown; value: unknown }[], depth: number): Branch {
    const members = new Map<string, Branch>();
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (members.has(name)) this.refuse('duplicate key', (key as Node).range?.[0]);
      // Of YAML 1.1: taken for the name of a member, it would drop what it stands for unseen.
      if (name === '<<' && isAlias(value)) this.refuse('merge key', (key as Node).range?.[0]);
      members.set(name, this.branch(value, depth + 1));
    }
    const named = [...members].map(([name, { value }]) => [name, value] as const);
    return joined(Object.fromEntries(named), [...members.values(), leaf([...members.keys()].join(''))]);
  }
}

function leaf(value: unknown): Branch {
  const characters = typeof value === 'string' ? value.length : 0;
  return { value, size: SIZE_OF_A_VALUE + characters, height: 0 };
}

function joined(value: unknown, branches: readonly Branch[]): Branch {
  const size = branches.reduce((sum, branch) => sum + branch.size, SIZE_OF_A_VALUE);
  return { value, size, height: branches.reduce((most, { height }) => Math.max(most, height), 0) + 1 };
}
