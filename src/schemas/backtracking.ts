/** A regular expression as a backtracking engine tries it. */
type Expression =
  /** One character of those that the source matches. */
  | { readonly kind: 'character'; readonly source: string }
  | { readonly kind: 'start' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly of: Expression; readonly min: number; readonly max: number };

interface Parsed {
  readonly expression: Expression;
  /** Whether anything may follow, so that to reach the end of the expression is to match. */
  readonly isOpenEnded: boolean;
}

const TOKEN =
  /\\(?:[pPu]\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|k<[^>]*>|[1-9]\d*|[^])|\[(?:\\[^]|[^\]\\])*\]|\((?:\?(?:<?[=!]|<[^>]+>|[a-z-]*:))?|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/gu;
const TOKEN_OF_UNITS = new RegExp(TOKEN.source, 'g');
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??$/;
/** What may fail without a character. */
const ASSERTION = /^(?:\$|\\[bB]|\(\?<?[=!])$/;
const NOTHING: Expression = { kind: 'sequence', parts: [] };
const ANYTHING: Expression = repeated({ kind: 'character', source: '[^]' }, 0, Infinity);
/** A repetition up to this often, those around it counted, is tried turn by turn. A longer one is taken for one without end. */
const MAX_TURNS = 16;
const MAX_PLACES = 4000;
const MAX_STEPS = 300_000;
/** Characters of which some are of each kind that patterns tell apart. */
const SAMPLES = [
  ...Array.from({ length: 0x180 }, (_, code) => String.fromCodePoint(code)),
  ...Array.from('ΑяאعกあA中가0\u3000\u2028\u2003\u{feff}\u{1f600}\u{10400}'),
  '\ud800',
];

/**
 * Finds out how the time grows that an expression may take where a text does not match: as the text's length to the power of what is
 * returned, and Infinity where it grows exponentially. It looks for ways to match one text twice: the automaton loops through a place
 * on two ways with the same characters, or goes on with them from one loop to the next.
 *
 * Of the packages that promise this, redos-detector takes a minute for `(a|a)*`, recheck has three megabytes and looks for a native
 * program, scslre knows texts of one repeated character alone, and safe-regex refuses what is linear and lets pass what is not.
 */
export function growthOf({ source, flags }: RegExp): number {
  const growths = parse(source, flags.includes('u')).map(({ expression, isOpenEnded }) => {
    const tried = isAtStart(expression) ? expression : sequence([ANYTHING, expression]);
    return new Automaton(tried, flags, isOpenEnded).growth();
  });
  return Math.max(...growths);
}

function sequence(parts: readonly Expression[]): Expression {
  return { kind: 'sequence', parts };
}

function repeated(of: Expression, min: number, max: number): Expression {
  return { kind: 'repeat', of, min, max };
}

/** The expression, and those in its assertions about what stands before or behind. */
function parse(source: string, isUnicode: boolean): Parsed[] {
  const tokens = source.match(isUnicode ? TOKEN : TOKEN_OF_UNITS) ?? [];
  const assertions: Parsed[] = [];
  let index = 0;
  const choice = (): Expression => {
    const options: Expression[][] = [[]];
    for (; index < tokens.length && tokens[index] !== ')'; index += 1) {
      const token = tokens[index]!;
      const items = options.at(-1)!;
      const [quantifier, least, comma, most] = QUANTIFIER.exec(token) ?? [];
      if (token === '|') options.push([]);
      else if (quantifier === undefined || items.length === 0) items.push(item(token));
      else {
        const min = Number(least ?? (token.startsWith('+') ? 1 : 0));
        const max = token.startsWith('?')
          ? 1
          : least === undefined || (comma && !most)
            ? Infinity
            : Number(most || least);
        items.push(repeated(items.pop()!, min, max));
      }
    }
    return { kind: 'choice', parts: options.map(sequence) };
  };
  const item = (token: string): Expression => {
    if (token === '^') return { kind: 'start' };
    if (/^(?:\$|\\[bB])$/.test(token)) return NOTHING;
    // What a group has matched.
    if (/^\\(?:[1-9]|k<)/.test(token)) return ANYTHING;
    if (!token.startsWith('(')) return { kind: 'character', source: token };
    index += 1;
    const inner = choice();
    if (!/[=!]$/.test(token)) return inner;
    // It is tried at one place, as often as what it stands in.
    assertions.push({ expression: sequence([{ kind: 'start' }, inner]), isOpenEnded: true });
    return NOTHING;
  };
  const expression = choice();
  return [{ expression, isOpenEnded: !tokens.some((token) => ASSERTION.test(token)) }, ...assertions];
}

/** Whether it is tried at the start of a text alone. */
function isAtStart(expression: Expression): boolean {
  if (expression.kind === 'start') return true;
  if (expression.kind === 'choice') return expression.parts.every(isAtStart);
  if (expression.kind !== 'sequence') return false;
  const first = expression.parts.find((part) => part !== NOTHING);
  return first !== undefined && isAtStart(first);
}

/** Places to start or to end, each with the number of ways to it, of which only "more than one" counts. */
type Ways = ReadonlyMap<number, number>;

interface Fragment {
  readonly first: Ways;
  readonly last: Ways;
  /** The number of ways to match nothing. */
  readonly empty: number;
}

const added = (...all: readonly Ways[]): Ways => {
  const sum = new Map<number, number>();
  for (const ways of all) for (const [place, count] of ways) sum.set(place, (sum.get(place) ?? 0) + count);
  return sum;
};
const times = (ways: Ways, factor: number): Ways =>
  factor === 0 ? new Map() : new Map([...ways].map(([place, count]) => [place, Math.min(2, count * factor)]));

/** The places of an expression that take a character, and the ways from one to the next. */
class Automaton {
  private readonly characters: bigint[] = [];
  private readonly next: Map<number, number>[] = [];
  private readonly bits = new Map<string, bigint>();
  private readonly accepting: ReadonlySet<number>;
  private isTooLarge = false;
  private steps = 0;

  constructor(
    expression: Expression,
    private readonly flags: string,
    isOpenEnded: boolean,
  ) {
    const { last } = this.add(expression);
    this.accepting = new Set(isOpenEnded ? last.keys() : []);
  }

  /** The power of the text's length as which the time grows. */
  growth(): number {
    if (this.isTooLarge) return Infinity;
    const loops = this.next.map((_, place) => this.leadsBack(place));
    const places = [...loops.keys()].filter((place) => loops[place]);
    if (places.some((place) => this.hasTwoWaysBack(place))) return Infinity;
    const following = new Map(
      places.map((place) => [
        place,
        places.filter(
          (other) => other !== place && !this.accepting.has(other) && this.sharesWord(place, other),
        ),
      ]),
    );
    const chains = new Map<number, number>();
    const longest = (place: number): number => {
      let length = chains.get(place);
      if (length === undefined) {
        chains.set(place, 1);
        length = 1 + Math.max(0, ...following.get(place)!.map(longest));
        chains.set(place, length);
      }
      return length;
    };
    return Math.max(1, ...places.map(longest));
  }

  /** @param turns how often the repetitions around it can come here */
  private add(expression: Expression, turns = 1): Fragment {
    if (this.isTooLarge) return { first: new Map(), last: new Map(), empty: 1 };
    switch (expression.kind) {
      case 'start':
        return { first: new Map(), last: new Map(), empty: 1 };
      case 'character': {
        const place = this.characters.push(this.bitsOf(expression.source)) - 1;
        this.isTooLarge ||= place > MAX_PLACES;
        this.next.push(new Map());
        return { first: new Map([[place, 1]]), last: new Map([[place, 1]]), empty: 0 };
      }
      case 'choice': {
        const parts = expression.parts.map((part) => this.add(part, turns));
        return {
          first: added(...parts.map(({ first }) => first)),
          last: added(...parts.map(({ last }) => last)),
          empty: Math.min(
            2,
            parts.reduce((sum, { empty }) => sum + empty, 0),
          ),
        };
      }
      case 'sequence': {
        const parts = expression.parts.map((part) => this.add(part, turns));
        const optional = parts.filter(({ empty, first }) => empty > 0 && first.size > 0);
        // As many ways as there are subsets of them.
        this.isTooLarge ||= optional.length > MAX_TURNS;
        return parts.reduce<Fragment>((one, other) => this.joined(one, other), {
          first: new Map(),
          last: new Map(),
          empty: 1,
        });
      }
      case 'repeat':
        return this.addRepeated(expression.of, expression.min, expression.max, turns);
    }
  }

  private addRepeated(of: Expression, min: number, max: number, turns: number): Fragment {
    if (max * turns <= MAX_TURNS) {
      if (max === 0) return this.add(NOTHING);
      const copies = Array.from({ length: max }, () => this.add(of, turns * max));
      return copies.reduceRight<Fragment>(
        (rest, copy, index) => {
          const whole = this.joined(copy, rest);
          return index < min ? whole : { ...whole, empty: 1 };
        },
        { first: new Map(), last: new Map(), empty: 1 },
      );
    }
    const body = this.add(of, turns);
    this.connect(body.last, body.first);
    // A turn that takes no character is given up, but for the first ones.
    this.isTooLarge ||= body.empty > 0 && min > 1;
    return { ...body, empty: min > 0 ? body.empty : 1 };
  }

  private joined(one: Fragment, other: Fragment): Fragment {
    this.connect(one.last, other.first);
    return {
      first: added(one.first, times(other.first, one.empty)),
      last: added(other.last, times(one.last, other.empty)),
      empty: Math.min(2, one.empty * other.empty),
    };
  }

  private connect(last: Ways, first: Ways): void {
    for (const [from, one] of last) {
      for (const [to, other] of first) {
        const ways = this.next[from]!;
        ways.set(to, Math.min(2, (ways.get(to) ?? 0) + one * other));
      }
    }
  }

  /** Which samples the source of one character matches. */
  private bitsOf(source: string): bigint {
    let bits = this.bits.get(source);
    if (bits === undefined) {
      const expression = new RegExp(`^(?:${source})$`, this.flags);
      bits = SAMPLES.reduce(
        (all, sample, index) => (expression.test(sample) ? all | (1n << BigInt(index)) : all),
        0n,
      );
      // A character beyond the samples is one of its own.
      if (bits === 0n) bits = 1n << BigInt(SAMPLES.length + this.bits.size);
      this.bits.set(source, bits);
    }
    return bits;
  }

  /** What several walkers reach that take the same next character, and whether one of them had two ways. */
  private *moves(places: readonly number[]): Generator<{ to: number[]; isDouble: boolean }> {
    const [place, ...others] = places;
    const rests = others.length === 0 ? [{ to: [] as number[], isDouble: false }] : [...this.moves(others)];
    for (const [next, count] of this.next[place!]!) {
      for (const { to, isDouble } of rests) {
        const isShared = [next, ...to].reduce((all, one) => all & this.characters[one]!, -1n) !== 0n;
        this.steps += 1;
        if (isShared) yield { to: [next, ...to], isDouble: isDouble || count > 1 };
      }
    }
  }

  private leadsBack(place: number): boolean {
    const seen = new Set<number>();
    const open = [place];
    for (const from of open) {
      for (const to of this.next[from]!.keys()) {
        if (to === place) return true;
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return false;
  }

  /** Whether two walkers that start here can be here again with the same characters, on ways that differ. */
  private hasTwoWaysBack(place: number): boolean {
    return this.canReach([place, place], [place, place], true);
  }

  /** Whether, with the same characters, one walker is back at the first place, one goes from it to the second, and one is back there. */
  private sharesWord(place: number, other: number): boolean {
    return this.canReach([place, place, other], [place, other, other], false);
  }

  private canReach(from: readonly number[], goal: readonly number[], onTwoWays: boolean): boolean {
    const stateOf = (places: readonly number[], differ: boolean): string => `${places.join()} ${differ}`;
    const target = stateOf(goal, onTwoWays);
    const seen = new Set<string>();
    const open: (readonly [readonly number[], boolean])[] = [[from, false]];
    for (const [places, differ] of open) {
      if (this.steps > MAX_STEPS) return true;
      for (const { to, isDouble } of this.moves(places)) {
        const state = [to, onTwoWays && (differ || isDouble || to[0] !== to[1])] as const;
        const key = stateOf(...state);
        if (key === target) return true;
        if (!seen.has(key)) open.push(state);
        seen.add(key);
      }
    }
    return false;
  }
}
