import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { reap } from './reaper.js';
import type { Arrival, Stall } from './recording.js';
import type { Fault, ServicePlan, TargetFault } from './scenario.js';
import type { TargetOrder, TargetReport } from './target-process.js';

const PROGRAM = fileURLToPath(new URL('target-process.ts', import.meta.url));

/**
 * Targets listen on an address of their own where the system has more than one. A target that is killed needs its port
 * again, which on 127.0.0.1 can by then be the local end of somebody's connection.
 */
const HOST = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1';

type OfTarget = Extract<Fault, { target: number }>;

/** All target processes of a drill, and what they report. */
export class Targets {
  readonly arrivals = new Map<string, Arrival>();
  readonly stalls: Stall[] = [];
  private readonly processes = new Map<string, TargetProcess>();

  async start(services: readonly ServicePlan[]): Promise<void> {
    const all = services.flatMap(({ id, targets }) =>
      Array.from({ length: targets }, (_, n) => `${id}/${n}`),
    );
    await Promise.all(
      all.map(async (name) => {
        const target = new TargetProcess(name, (report) => this.record(name, report));
        this.processes.set(name, target);
        await target.start();
      }),
    );
  }

  urlsOf({ id, targets }: ServicePlan): string[] {
    return Array.from({ length: targets }, (_, n) => `http://${HOST}:${this.target(`${id}/${n}`).port}`);
  }

  /** @returns when the fault began; it ends with `end` */
  begin({ kind, service, target }: OfTarget): void {
    this.target(`${service}/${target}`).begin(kind);
  }

  async end({ kind, service, target }: OfTarget): Promise<void> {
    await this.target(`${service}/${target}`).end(kind);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.stop()));
  }

  async startAgain(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.start()));
  }

  private target(name: string): TargetProcess {
    const target = this.processes.get(name);
    if (!target) throw new Error(`no target ${name}`);
    return target;
  }

  private record(of: string, report: TargetReport): void {
    if ('arrival' in report) this.arrivals.set(report.arrival.serial, report.arrival);
    else if ('stall' in report) this.stalls.push({ of, ...report.stall });
  }
}

class TargetProcess {
  port = 0;
  private child: ChildProcess | undefined;

  constructor(
    private readonly name: string,
    private readonly onReport: (report: TargetReport) => void,
  ) {}

  async start(): Promise<void> {
    const [service, target] = this.name.split('/') as [string, string];
    const child = spawn(process.execPath, [PROGRAM, service, target, HOST, String(this.port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    reap(child);
    child.on('message', (report: TargetReport) => this.onReport(report));
    this.port = await new Promise<number>((resolve, reject) => {
      child.on('message', (report: TargetReport) => 'listening' in report && resolve(report.listening));
      child.once('exit', () => reject(new Error(`Target ${this.name} ended before it listened.`)));
    });
  }

  begin(kind: TargetFault): void {
    if (kind === 'freeze') this.child?.kill('SIGSTOP');
    else if (kind === 'kill') this.child?.kill('SIGKILL');
    else this.order({ fault: kind });
  }

  async end(kind: TargetFault): Promise<void> {
    if (kind === 'freeze') this.child?.kill('SIGCONT');
    else if (kind === 'kill') await this.start();
    else this.order({ fault: undefined });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  private order(order: TargetOrder): void {
    // It fails only when the target was killed by another fault.
    if (this.child?.connected) this.child.send(order, () => undefined);
  }
}

/** @returns whether this fault is one of a target */
export function isOfTarget(fault: Fault): fault is OfTarget {
  return 'target' in fault;
}
