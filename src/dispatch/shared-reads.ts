import { Injectable } from '@nestjs/common';
import { canonicalText } from '../journal/canonical-text.ts';
import type { Forwarding, Read } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import type { ProblemCode } from '../problems/catalogue.ts';
import { isNotSent, Problem } from '../problems/problem.ts';

const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** What an answer takes beside its text and its key, about. */
const OVERHEAD_BYTES = 500;

/** Refusals that callers get one by one: no place at Octane, and a breaker that lets others find out first. */
const OF_CALLERS: ReadonlySet<ProblemCode> = new Set(['overloaded', 'octane-unavailable']);

/** Who asks, and for whom. */
interface Asker {
  readonly caller: { readonly issuer: string; readonly clientId: string; readonly groupno: string };
  /** Empty for no customer. */
  readonly custno: string;
}

/** What a read gave. */
export interface Given {
  readonly answer: unknown;
  /** For how long it was kept, in milliseconds; undefined where Octane was asked. */
  readonly ageMs?: number;
}

interface RunningRead {
  readonly answer: Promise<unknown>;
  readonly caller: Asker['caller'];
  /** Whether the answer is still true when it comes. */
  mayBeKept: boolean;
}

interface KeptAnswer {
  readonly answer: unknown;
  /** By `performance.now()`. */
  readonly since: number;
  readonly bytes: number;
  readonly of: CustomerReads;
  readonly key: string;
}

/** The reads of one customer, or of a group for no customer, by what they ask. */
class CustomerReads {
  /** Changes of the customer that are on their way to Octane. */
  changes = 0;
  readonly running = new Map<string, RunningRead>();
  readonly kept = new Map<string, KeptAnswer>();

  constructor(
    readonly groupno: string,
    readonly custno: string,
  ) {}
}

/**
 * Makes equal reads of one customer that run at the same time one call, and keeps answers for as long as their operation says.
 * Who asks after a change was answered gets nothing from before it.
 */
@Injectable()
export class SharedReads {
  /** By group, then by customer: those of whom something runs or is kept. */
  private readonly groups = new Map<string, Map<string, CustomerReads>>();
  /** Of all customers. The one that nobody has asked for the longest time comes first. */
  private readonly kept = new Set<KeptAnswer>();
  private keptBytes = 0;
  private readonly isNeeded: boolean;

  constructor(operations: Operations) {
    this.isNeeded = operations.all.some(({ kind }) => kind === 'read');
  }

  /**
   * Gives the answer that is kept, that of an equal read which runs, or that of the call.
   *
   * @param call asks Octane; it goes on when the app that asked first has hung up
   * @throws what the call throws that was to answer
   */
  async ask(
    operation: Read,
    asker: Asker,
    { parameters, body }: Pick<Forwarding, 'parameters' | 'body'>,
    call: () => Promise<unknown>,
  ): Promise<Given> {
    const key = `${operation.name} ${canonicalText({ parameters, body })}`;
    const kept = this.find(operation, this.readsOf(asker).kept.get(key));
    if (kept) return { answer: kept.answer, ageMs: performance.now() - kept.since };
    const { issuer, clientId } = asker.caller;
    const running = this.joinOrBegin(operation, asker, key, key, call);
    try {
      return { answer: await running.answer };
    } catch (error) {
      const isOwn = running.caller.issuer === issuer && running.caller.clientId === clientId;
      if (isOwn || !isOfCaller(error)) throw error;
      // There may be a place for this caller where there was none for the other.
      const own = JSON.stringify([issuer, clientId, key]);
      return { answer: await this.joinOrBegin(operation, asker, key, own, call).answer };
    }
  }

  /** A change is about to leave for Octane: what is kept of its customer is dropped, whatever becomes of it. */
  changeLeaves(asker: Asker): void {
    if (!this.isNeeded) return;
    const own = this.readsOf(asker);
    own.changes += 1;
    for (const reads of this.changedBy(own)) {
      for (const kept of reads.kept.values()) this.drop(kept);
      for (const running of reads.running.values()) running.mayBeKept = false;
    }
  }

  /** A change that left is over: nobody joins a read that began before. */
  changeEnded(asker: Asker): void {
    if (!this.isNeeded) return;
    const own = this.readsOf(asker);
    own.changes -= 1;
    for (const reads of this.changedBy(own)) {
      reads.running.clear();
      this.forgetIfIdle(reads);
    }
  }

  /** A change of no customer may be one of any customer of its group. */
  private changedBy(own: CustomerReads): CustomerReads[] {
    return own.custno === '' ? [...this.groups.get(own.groupno)!.values()] : [own];
  }

  private joinOrBegin(
    operation: Read,
    asker: Asker,
    key: string,
    runningKey: string,
    call: () => Promise<unknown>,
  ): RunningRead {
    const reads = this.readsOf(asker);
    const equal = reads.running.get(runningKey);
    if (equal) return equal;
    const mayBeKept = operation.cacheSeconds !== undefined && !this.isChanging(reads);
    const running: RunningRead = { answer: call(), caller: asker.caller, mayBeKept };
    reads.running.set(runningKey, running);
    const end = (): void => {
      if (reads.running.get(runningKey) === running) reads.running.delete(runningKey);
      this.forgetIfIdle(reads);
    };
    void running.answer.then((answer) => {
      if (running.mayBeKept) this.keep(reads, key, answer);
      end();
    }, end);
    return running;
  }

  private isChanging({ changes, groupno, custno }: CustomerReads): boolean {
    const ofNoCustomer = custno === '' ? undefined : this.groups.get(groupno)?.get('');
    return changes > 0 || (ofNoCustomer?.changes ?? 0) > 0;
  }

  /** @returns undefined where it is not kept any more */
  private find({ cacheSeconds = 0 }: Read, kept: KeptAnswer | undefined): KeptAnswer | undefined {
    if (!kept) return undefined;
    if (performance.now() - kept.since >= cacheSeconds * 1000) {
      this.drop(kept);
      return undefined;
    }
    this.kept.delete(kept);
    this.kept.add(kept);
    return kept;
  }

  private keep(of: CustomerReads, key: string, answer: unknown): void {
    const text = typeof answer === 'string' ? answer : (JSON.stringify(answer) ?? '');
    const bytes = OVERHEAD_BYTES + 2 * (text.length + key.length);
    const before = of.kept.get(key);
    if (before) this.drop(before);
    if (bytes > MAX_KEPT_BYTES) return;
    for (const oldest of this.kept) {
      if (this.keptBytes + bytes <= MAX_KEPT_BYTES) break;
      this.drop(oldest);
      this.forgetIfIdle(oldest.of);
    }
    const kept = { answer, since: performance.now(), bytes, of, key };
    of.kept.set(key, kept);
    this.kept.add(kept);
    this.keptBytes += bytes;
  }

  private drop(kept: KeptAnswer): void {
    kept.of.kept.delete(kept.key);
    this.kept.delete(kept);
    this.keptBytes -= kept.bytes;
  }

  private readsOf({ caller: { groupno }, custno }: Asker): CustomerReads {
    let customers = this.groups.get(groupno);
    if (!customers) this.groups.set(groupno, (customers = new Map<string, CustomerReads>()));
    let reads = customers.get(custno);
    if (!reads) customers.set(custno, (reads = new CustomerReads(groupno, custno)));
    return reads;
  }

  private forgetIfIdle(reads: CustomerReads): void {
    if (reads.changes > 0 || reads.running.size > 0 || reads.kept.size > 0) return;
    const customers = this.groups.get(reads.groupno);
    if (customers?.get(reads.custno) === reads) customers.delete(reads.custno);
  }
}

function isOfCaller(error: unknown): boolean {
  return error instanceof Problem && OF_CALLERS.has(error.code) && isNotSent(error);
}
