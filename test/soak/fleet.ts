import type { Balancer, Replica } from '../support/balancer.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { within } from './within.ts';

const READY_WITHIN_MS = 60_000;

/** One gateway of the soak. */
export interface Member extends Replica {
  readonly name: string;
  readonly port: number;
  /** Its requests may be lost from now on. */
  isKilled: boolean;
}

/** The gateways behind the balancer, and all that ever were. */
export class Fleet {
  readonly members: Member[] = [];
  readonly brokenPromises: string[] = [];
  graceful = 0;
  kills = 0;
  private readonly folder: string;
  private readonly environment: Record<string, string>;
  private readonly balancer: Balancer;

  constructor(folder: string, environment: Record<string, string>, balancer: Balancer) {
    this.folder = folder;
    this.environment = environment;
    this.balancer = balancer;
  }

  get running(): Member[] {
    return this.members.filter(({ gateway }) => gateway.exitCode === undefined);
  }

  /** Waits until it is ready. */
  async start(): Promise<Member> {
    const gateway = new GatewayProcess(this.folder, this.environment);
    const addresses = await gateway.addresses();
    const port = Number(new URL(addresses.api).port);
    const name = `gateway ${this.members.length + 1}`;
    const member = { name, port, gateway, ...addresses, ready: false, isKilled: false };
    this.members.push(member);
    this.balancer.add(member);
    if (!(await within(READY_WITHIN_MS, () => member.ready))) {
      this.brokenPromises.push(`${name} did not become ready`);
    }
    return member;
  }

  /** As a rolling restart does: its successor first. */
  async replace(member: Member): Promise<Member> {
    const successor = await this.start();
    await this.leave(member);
    return successor;
  }

  async leave({ name, gateway }: Member): Promise<void> {
    gateway.signal('SIGTERM');
    const exitCode = await gateway.exited();
    if (exitCode !== 0) this.brokenPromises.push(`${name} left with exit code ${exitCode}`);
    this.graceful += 1;
  }

  async crash(member: Member): Promise<Member> {
    member.isKilled = true;
    await member.gateway.kill();
    this.kills += 1;
    return this.start();
  }

  /** @param replica where a request was lost; undefined: there was none, as between the end of the last and the next one's start */
  wasKilled(replica: Replica | undefined): boolean {
    const member = replica ? this.members.find((each) => each === replica) : this.members.at(-1);
    return member?.isKilled ?? false;
  }

  /** However the soak ended. */
  async end(): Promise<void> {
    await Promise.all(this.members.map(({ gateway }) => gateway.kill()));
  }

  /** @returns whether each running gateway says this after what it has said so far, once `act` is done */
  async allSay(message: string, act: () => Promise<void>, limitMs: number): Promise<boolean> {
    const said = this.running.map(({ gateway }) => ({ gateway, from: gateway.stdout.length }));
    await act();
    return within(limitMs, () =>
      said.every(({ gateway, from }) => gateway.stdout.includes(`"msg":"${message}"`, from)),
    );
  }
}
