import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyProcess } from './faulty-process.js';
import { corruptRedis } from './redis-corruption.js';
import type { FaultTarget, PlannedFault } from './schedule.js';

/** Milliseconds that `slow` adds: more than the timeout of the gateway for the service. */
const SLOW = 1_500;
/** Milliseconds between two times that the entries of Redis are overwritten. */
const CORRUPT_AGAIN = 500;

/** A fault as it happened. */
export interface InjectedFault extends PlannedFault {
  /** Milliseconds since 1970. */
  readonly from: number;
  /** When its target worked again. */
  to?: number;
}

/** Carries out the planned faults on the processes of a run. */
export class FaultInjector {
  readonly injected: InjectedFault[] = [];
  private readonly waiting: PlannedFault[];
  private readonly targets: ReadonlyMap<FaultTarget, FaultyProcess>;
  /** The last fault of the services and that of Redis, which the next one waits for. */
  private readonly last = { services: Promise.resolve(), redis: Promise.resolve() };
  private startedAt: number | undefined;

  constructor(plan: readonly PlannedFault[], targets: ReadonlyMap<FaultTarget, FaultyProcess>) {
    this.waiting = [...plan];
    this.targets = targets;
  }

  /** Starts the time of the plan. */
  begin(at: number): void {
    this.startedAt = at;
  }

  /** @returns when the next fault is due, in milliseconds since 1970; Infinity when none is left */
  get nextAt(): number {
    const [next] = this.waiting;
    if (!next) return Infinity;
    return this.startedAt === undefined ? Date.now() + 200 : this.startedAt + next.at;
  }

  /**
   * Begins all faults that are due. On a busy machine a service may take longer to start again than the plan allows; the
   * next fault of a service waits for it.
   */
  injectDue(): void {
    while (this.startedAt !== undefined && this.nextAt <= Date.now()) {
      const fault = this.waiting.shift() as PlannedFault; // There is one, as it is due.
      const kind = fault.target === 'redis' ? 'redis' : 'services';
      this.last[kind] = this.last[kind].then(() => this.inject(fault));
    }
  }

  /** Resolves when every fault that was due is reverted. */
  async settled(): Promise<void> {
    await Promise.all([this.last.services, this.last.redis]);
  }

  private async inject(planned: PlannedFault): Promise<void> {
    const target = this.targets.get(planned.target);
    if (!target) throw new Error(`Nothing is known about ${planned.target}.`);
    const fault: InjectedFault = { ...planned, from: Date.now() };
    this.injected.push(fault);
    await FAULTS[fault.kind](target, fault);
    fault.to = Date.now();
  }
}

type Inject = (target: FaultyProcess, fault: PlannedFault) => Promise<void>;

const FAULTS: Readonly<Record<PlannedFault['kind'], Inject>> = {
  async kill(target, { for: ms }) {
    await target.kill();
    await sleep(ms);
    await target.start();
  },
  async restart(target) {
    await target.kill('SIGTERM');
    await target.start();
  },
  async freeze(target, { for: ms }) {
    target.freeze();
    await sleep(ms);
    target.thaw();
  },
  async slow(target, { for: ms }) {
    await command(target, `slow?ms=${SLOW}`);
    await sleep(ms);
    await command(target, 'ok');
  },
  async corrupt(target, fault) {
    if (fault.target === 'redis') {
      for (let left = fault.for; left > 0; left -= CORRUPT_AGAIN) {
        await corruptRedis(target.port);
        await sleep(Math.min(left, CORRUPT_AGAIN));
      }
      return;
    }
    await command(target, 'corrupt');
    await sleep(fault.for);
    await command(target, 'ok');
  },
};

/** Tells a demo service to misbehave, see `obey` in test/demo/upstream.ts. */
async function command({ port }: FaultyProcess, name: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/_demo/${name}`, { method: 'POST' });
  await response.arrayBuffer();
}
