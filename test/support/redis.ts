import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, onTestFinished } from 'vitest';
import type { KeyPair } from './certificates.js';
import { type KeepUntil, TestProcess } from './process.js';
import { systemPart } from './system-part.js';
import { until } from './until.js';

const part = systemPart('redis-server');

/** What needs Redis is skipped without redis-server unless CI=true. */
export const describeWithRedis = part.describe;
export const usesRedis = part.describe === describe;

/** Returns the arguments of redis-server for a port and a folder. */
type Command = (port: number, folder: string) => readonly string[] | Promise<readonly string[]>;

/** A redis-server on an ephemeral port that keeps nothing on disk, until the test ends. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly command: Command,
    private readonly keepUntil: KeepUntil,
    private process: TestProcess,
  ) {}

  /** @param args options such as `--maxmemory`, `2mb` */
  static start(...args: string[]): Promise<RedisServer> {
    return RedisServer.run((port) => ['--port', String(port), '--save', '', ...args]);
  }

  static startUntil(keepUntil: KeepUntil): Promise<RedisServer> {
    return RedisServer.run((port) => ['--port', String(port), '--save', ''], keepUntil);
  }

  /** Listens with TLS only; clients need no certificate. */
  static async startTls({ cert, key }: KeyPair): Promise<RedisServer> {
    return RedisServer.run(async (port, folder) => {
      const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
      await writeFile(files[0], cert);
      await writeFile(files[1], key);
      const tls = ['--tls-port', String(port), '--tls-cert-file', files[0], '--tls-key-file', files[1]];
      return [
        '--port',
        '0',
        ...tls,
        '--tls-ca-cert-file',
        files[0],
        '--tls-auth-clients',
        'no',
        '--save',
        '',
      ];
    });
  }

  /** Starts a sentinel that watches a master under the name `main`. */
  static startSentinel(master: RedisServer): Promise<RedisServer> {
    return RedisServer.run(async (port, folder) => {
      const file = join(folder, 'sentinel.conf');
      await writeFile(file, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
      return [file, '--sentinel', '--port', String(port)];
    });
  }

  private static async run(command: Command, keepUntil: KeepUntil = onTestFinished): Promise<RedisServer> {
    if (part.path === undefined) throw new Error(part.missing);
    const folder = await mkdtemp(join(tmpdir(), 'breakwater-redis-'));
    keepUntil(() => rm(folder, { recursive: true, force: true }));
    for (;;) {
      const port = await freePort();
      const started = await run(port, folder, command, keepUntil);
      if (started) return new RedisServer(port, folder, command, keepUntil, started);
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Opens a connection to inspect it. */
  client(): Redis {
    const client = new Redis(this.port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(signal);
  }

  /** Kills it, so that it loses all its data. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }

  /** Starts it again, empty, on the same port. */
  async startAgain(): Promise<void> {
    this.process = await until('its port is free', () =>
      run(this.port, this.folder, this.command, this.keepUntil),
    );
  }
}

/** @returns `undefined` when the port is no longer free */
async function run(
  port: number,
  folder: string,
  command: Command,
  keepUntil: KeepUntil,
): Promise<TestProcess | undefined> {
  const args = [...(await command(port, folder)), '--bind', '127.0.0.1', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const started = new TestProcess(child, keepUntil);
  const isReady = () =>
    started.lines.some((line) => /Ready to accept connections|\+monitor master/.test(line));
  const end = new Promise<'ended'>((resolve) => void started.exited.then(() => resolve('ended')));
  const first = await Promise.race([until('Redis is ready', isReady), end]);
  return first === 'ended' ? undefined : started;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
