import { Logger } from '@nestjs/common';
import { Fault, faultEntry } from './common/errors/fault.js';

export interface ShutdownOptions {
  /** Milliseconds during which new requests are still taken, while readiness already says no. */
  readonly delay: number;
  /** Milliseconds that requests in flight get to finish. */
  readonly drain: number;
}

/** What runs in the process. */
export interface Ending {
  readonly shutdownTimes: ShutdownOptions;
  /** Finishes the requests in flight. */
  shutdown(options: ShutdownOptions): Promise<void>;
  /** Ends without waiting for anything. */
  abort?(): void;
}

/** A Ctrl-C arrives up to three times: from the terminal, from npm and from the script that started the gateway. */
const ONE_CTRL_C_MS = 1_000;
/** Milliseconds beyond `delay` and `drain` after which a process with an uncaught error ends in any case. */
const GRACE = 2_000;
/** Of each process. An error that occurs again and again must not fill the log. */
const MAX_LOGGED_ERRORS = 10;

/** Decides when the process ends, and with which exit code. */
export class ProcessEnd {
  private readonly logger = new Logger('Gateway');
  private signal: { readonly name: NodeJS.Signals; readonly at: number } | undefined;
  private isEnding = false;
  private exitCode = 0;
  private errors = 0;

  constructor(private readonly running: Ending) {}

  /**
   * Lets signals end the process. SIGTERM drains. SIGINT (Ctrl-C) drains without the delay, which only a load balancer
   * needs. A second signal of either kind ends the process immediately.
   */
  onSignals(): void {
    process.on('SIGTERM', (name) => this.receive(name));
    process.on('SIGINT', (name) => this.receive(name));
  }

  /**
   * Lets an error that nothing has caught, or a rejection that nothing has handled, drain the process and end it with 1.
   * Its state may be damaged, so it does not go on; requests that have nothing to do with the error still finish.
   */
  onUncaughtErrors(): void {
    process.on('uncaughtException', (error, origin) => {
      this.errors++;
      if (this.errors <= MAX_LOGGED_ERRORS)
        this.logger.fatal({ message: 'uncaught error', origin, err: Fault.of(error) });
      this.fail();
    });
  }

  /** Drains, and ends the process with 1. */
  fail(): void {
    if (this.exitCode === 1) return;
    this.exitCode = 1;
    const { delay, drain } = this.running.shutdownTimes;
    setTimeout(() => this.exit(), delay + drain + GRACE).unref();
    this.end({ delay, drain });
  }

  private receive(name: NodeJS.Signals): void {
    const at = performance.now();
    if (this.signal) {
      if (name === 'SIGINT' && this.signal.name === name && at - this.signal.at < ONE_CTRL_C_MS) return;
      this.logger.warn({ message: 'stopped', reason: 'a second signal' });
      this.running.abort?.();
      process.exit(1);
    }
    this.signal = { name, at };
    this.logger.log({ message: 'draining', signal: name });
    const { delay, drain } = this.running.shutdownTimes;
    this.end({ delay: name === 'SIGTERM' ? delay : 0, drain });
  }

  private end(options: ShutdownOptions): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.running.shutdown(options).then(
      () => this.exit(),
      (error: unknown) => {
        this.logger.error(faultEntry(error));
        this.exitCode = 1;
        this.exit();
      },
    );
  }

  private exit(): void {
    const errors = this.errors > 1 ? { uncaughtErrors: this.errors } : {};
    this.logger.log({ message: 'stopped', ...errors });
    this.running.abort?.();
    process.exit(this.exitCode);
  }
}
