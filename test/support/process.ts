import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SHARED_ENV = {
  // A script of the project must not replace node_modules while the suites use it.
  BREAKWATER_INSTALL: '0',
  // Every process loads the same modules; compiling them took a fifth of its start.
  NODE_COMPILE_CACHE: `${ROOT}node_modules/.cache/breakwater-compile`,
};

export interface LogLine {
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** Registers a clean-up for the end of a test or a file. */
export type KeepUntil = (cleanUp: () => Promise<void>) => void;

/** @returns a `KeepUntil` whose clean-ups run after the file or `describe` block that calls this, the last one first */
export function keepUntilEnd(): KeepUntil {
  const cleanUps: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  });
  return (cleanUp) => void cleanUps.push(cleanUp);
}

/** A child process that ends with the test, or when `keepUntil` says. */
export class TestProcess {
  readonly lines: string[] = [];
  stderr = '';
  /** Resolves once the process ended and its output was read. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly child: ChildProcess,
    keepUntil: KeepUntil = onTestFinished,
  ) {
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => {
        this.lines.push(line);
        for (const wake of this.waiting) wake();
      });
    }
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    keepUntil(async () => {
      child.kill('SIGKILL');
      await this.exited;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for the first accepted JSON line on stdout; fails when the process ends without one. */
  async json(accept: (line: LogLine) => boolean): Promise<LogLine> {
    for (let next = 0; ; next++) {
      while (next >= this.lines.length) {
        const ended = await Promise.race([
          new Promise<false>((resolve) => {
            const wake = () => {
              this.waiting.delete(wake);
              resolve(false);
            };
            this.waiting.add(wake);
          }),
          this.exited.then(() => true),
        ]);
        if (ended && next >= this.lines.length) throw new Error(`The process ended: ${this.stderr}`);
      }
      const line = parse(this.lines[next] ?? '');
      if (line && accept(line)) return line;
    }
  }
}

export function spawnNode(
  args: readonly string[],
  env: Record<string, string> = {},
  keepUntil?: KeepUntil,
): TestProcess {
  return spawnProcess(process.execPath, args, env, keepUntil);
}

export function spawnProcess(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  keepUntil?: KeepUntil,
): TestProcess {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...SHARED_ENV, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new TestProcess(child, keepUntil);
}

/** Runs one of the project's scripts. It gets SIGTERM before SIGKILL, so that it stops its children. */
export function spawnScript(
  args: readonly string[],
  env: Record<string, string> = {},
  keepUntil: KeepUntil = onTestFinished,
): TestProcess {
  const script = spawnNode(args, env, keepUntil);
  keepUntil(async () => {
    script.kill('SIGTERM');
    await script.exited;
  });
  return script;
}

/** Runs the built CLI, as a user does. */
export function breakwater(
  args: readonly string[],
  env: Record<string, string> = {},
  keepUntil?: KeepUntil,
): TestProcess {
  return spawnNode(['dist/cli.js', ...args], env, keepUntil);
}

export interface GatewayProcess {
  readonly process: TestProcess;
  readonly url: string;
  readonly managementUrl: string;
}

/** Runs a gateway as a process. The YAML should set port 0 for both ports. */
export async function spawnGateway(
  yaml: string,
  env: Record<string, string> = {},
  keepUntil?: KeepUntil,
): Promise<GatewayProcess & { readonly file: string }> {
  const file = await temporaryFile('gateway.yaml', yaml, keepUntil);
  const process = breakwater(['start', '-c', file], env, keepUntil);
  const { url, managementUrl } = await process.json(({ msg }) => msg === 'listening');
  return { process, url: String(url), managementUrl: String(managementUrl), file };
}

export interface UpstreamProcess {
  readonly process: TestProcess;
  readonly url: string;
  readonly port: number;
}

interface UpstreamOptions {
  readonly port?: number;
  readonly latencyMs?: number;
  readonly keepUntil?: KeepUntil;
}

/** Runs one of the demo's upstreams as a process of its own. */
export async function spawnUpstream(
  name: 'users' | 'orders',
  { port = 0, latencyMs = 0, keepUntil }: UpstreamOptions = {},
): Promise<UpstreamProcess> {
  const args = ['test/demo/upstream.ts', name, '--port', String(port), '--latency', String(latencyMs)];
  const process = spawnNode(args, {}, keepUntil);
  const { port: actual } = await process.json(({ event }) => event === 'listening');
  return { process, url: `http://127.0.0.1:${Number(actual)}`, port: Number(actual) };
}

/** Writes a file that is removed with the test. */
export async function temporaryFile(
  name: string,
  content: string,
  keepUntil: KeepUntil = onTestFinished,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  keepUntil(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function parse(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
