import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended, hasEnded } from './children.js';

/** Milliseconds between attempts to listen on the port again, which another connection may use for a moment. */
const RETRY = 100;
const GIVE_UP_AFTER = 15_000;

/** A server in a process that is killed, frozen and started again on the same port. */
export class FaultyProcess {
  private child: ChildProcess | undefined;
  readonly port: number;
  private readonly launch: (port: number) => Promise<ChildProcess | undefined>;

  private constructor(port: number, launch: FaultyProcess['launch']) {
    this.port = port;
    this.launch = launch;
  }

  /**
   * @param launch starts the server and resolves when it listens, or with `undefined` when it has ended
   */
  static async start(
    port: number,
    launch: (port: number) => Promise<ChildProcess | undefined>,
  ): Promise<FaultyProcess> {
    const process = new FaultyProcess(port, launch);
    await process.start();
    return process;
  }

  /** `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.child && !hasEnded(this.child) ? this.child.pid : undefined;
  }

  async start(): Promise<void> {
    const giveUp = performance.now() + GIVE_UP_AFTER;
    for (;;) {
      this.child = await this.launch(this.port);
      if (this.child) return;
      if (performance.now() > giveUp) throw new Error(`Nothing can listen on port ${this.port} again.`);
      await sleep(RETRY);
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (!this.child || hasEnded(this.child)) return;
    this.child.kill(signal);
    await ended(this.child);
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }
}
