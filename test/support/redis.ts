import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, onTestFinished } from 'vitest';
import { TestProcess } from './process.js';
import { until } from './until.js';

const MISSING =
  'redis-server is not on PATH. Install it (Debian: apt-get install redis-server; `npm test` as root does that).';

const isThere = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'redis-server')));
if (!isThere) console.warn(`Suites are skipped: ${MISSING}`);

/** A suite that needs Redis: skipped without one, except where nothing may be skipped. */
export const describeWithRedis = isThere || process.env['CI'] === 'true' ? describe : describe.skip;

/** A redis-server of the test's own, on an ephemeral port, that keeps nothing on disk. */
export class RedisServer {
  private readonly clients: Redis[] = [];

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly args: readonly string[],
    private process: TestProcess,
  ) {}

  /** @param args options such as `--maxmemory 2mb`, in words */
  static async start(...args: string[]): Promise<RedisServer> {
    if (!isThere) throw new Error(MISSING);
    const folder = await mkdtemp(join(tmpdir(), 'breakwater-redis-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (;;) {
      const port = await freePort();
      const started = await run(port, folder, args);
      if (started) return new RedisServer(port, folder, args, started);
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** A connection to look into it, as nobody's user. */
  client(): Redis {
    const client = new Redis(this.port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => {});
    this.clients.push(client);
    onTestFinished(() => client.disconnect());
    return client;
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(signal);
  }

  /** Ends at once and loses all it has. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }

  /** On the same port, and empty. */
  async startAgain(): Promise<void> {
    this.process = await until('its port is free', () => run(this.port, this.folder, this.args));
  }
}

/** @returns `undefined` when the port was taken meanwhile */
async function run(port: number, folder: string, args: readonly string[]): Promise<TestProcess | undefined> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = spawn('redis-server', [...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const started = new TestProcess(child);
  const ready = () =>
    started.lines.some((line) => /Ready to accept connections|entering protected/.test(line));
  const end = new Promise<'ended'>((resolve) => void started.exited.then(() => resolve('ended')));
  const first = await Promise.race([until('Redis is ready', ready), end]);
  return first === 'ended' ? undefined : started;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
