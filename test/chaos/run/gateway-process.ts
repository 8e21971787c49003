import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Inspector } from '../../support/inspector.js';
import { ended, linesOf, start, stop } from './children.js';
import { type LogEntry, transitionOf } from './transitions.js';
import type { ChaosOptions, Transition } from './types.js';

const CONFIG = 'test/chaos/run/gateway.yaml';
const CLI = 'dist/cli.js';
/** Milliseconds. */
const READY_WITHIN = 60_000;
/** Longer than any run. */
const EXPIRES = '1000h';

export interface GatewayUrls {
  readonly url: string;
  readonly managementUrl: string;
}

/** The gateway of a run, in a process that can be inspected. */
export class GatewayProcess {
  /** In the order of time. */
  readonly transitions: Transition[] = [];
  stderr = '';
  private readonly child: ChildProcess;
  private readonly env: NodeJS.ProcessEnv;

  /** @param urls `USERS_URL` and so on, as gateway.yaml names them */
  constructor(urls: Record<string, string>, { withoutBreaker }: ChaosOptions) {
    this.env = {
      ...process.env,
      ...urls,
      NODE_ENV: 'production',
      JWT_SECRET: randomBytes(32).toString('base64url'),
      BREAKER_MODE: withoutBreaker ? 'shadow' : 'enforce',
    };
    const args = ['--inspect=127.0.0.1:0', '--expose-gc', CLI, 'start', '-c', CONFIG];
    this.child = start(process.execPath, args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** @param folder for its log, whose lines are read from now on */
  async ready(folder: string): Promise<GatewayUrls> {
    const log = join(folder, 'gateway.log');
    const urls = await new Promise<GatewayUrls>((resolve, reject) => {
      const fail = () => reject(new Error(`The gateway did not start: ${this.stderr}`));
      linesOf(this.child)
        .on('line', (line) => {
          appendFileSync(log, `${line}\n`);
          const entry = JSON.parse(line) as GatewayUrls & LogEntry;
          if (entry.msg === 'listening') resolve(entry);
          const transition = transitionOf(entry);
          if (transition) this.transitions.push(transition);
        })
        .once('close', fail);
      setTimeout(fail, READY_WITHIN).unref();
    });
    return urls;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  onExit(listener: () => void): void {
    this.child.once('exit', listener);
  }

  /** @returns a token that the gateway accepts for longer than any run */
  async token(): Promise<string> {
    const args = [CLI, 'token', '-c', CONFIG, '--sub', 'alice', '--expires', EXPIRES];
    const child = start(process.execPath, args, { env: this.env });
    if (!child.stdout) throw new Error('stdout of the process is not a pipe.');
    const [token] = await Promise.all([text(child.stdout), ended(child)]);
    if (child.exitCode !== 0) throw new Error('The token of the users could not be created.');
    return token.trim();
  }

  inspector(): Promise<Inspector> {
    return Inspector.to({ process: this });
  }

  stop(): Promise<void> {
    return stop(this.child);
  }
}
