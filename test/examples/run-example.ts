import { type KeepUntil, spawnScript, type TestProcess } from '../support/process.js';
import { until } from '../support/until.js';

/** Freezing a service is an outage that lasts exactly as long as a test wants. */
export class RunningExample {
  constructor(
    readonly process: TestProcess,
    /** Addresses of the gateways, the first one first. */
    readonly urls: readonly string[],
    readonly token: string,
    private readonly pids: ReadonlyMap<string, number>,
  ) {}

  get url(): string {
    return this.urls[0] ?? '';
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Calls as the user of the token. */
  asUser(path: string, url = this.url): Promise<Response> {
    return fetch(url + path, { headers: { Authorization: `Bearer ${this.token}` } });
  }

  signal(service: string, signal: NodeJS.Signals): void {
    const pid = this.pids.get(service);
    if (pid === undefined) throw new Error(`The example has no ${service}.`);
    process.kill(pid, signal);
  }

  /** @returns the exit code after what Ctrl-C sends, and who is still alive then */
  async stop(): Promise<{ exitCode: unknown; alive: string[] }> {
    this.process.kill('SIGTERM');
    const exitCode = await this.process.exited;
    const services = [...this.pids].filter(([, pid]) => isAlive(pid)).map(([service]) => service);
    const answers = await Promise.all(
      this.urls.map((url) =>
        fetch(url).then(
          () => url,
          () => '',
        ),
      ),
    );
    return { exitCode, alive: [...services, ...answers.filter((url) => url !== '')] };
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs what `npm run example NAME` runs, on free ports. */
export async function startExample(name: string, keepUntil: KeepUntil): Promise<RunningExample> {
  const env = { PORT: '0', MANAGEMENT_PORT: '0', REDIS_URL: '' };
  const started = spawnScript(['scripts/example.mjs', name], env, keepUntil);
  let ended = false;
  void started.exited.then(() => (ended = true));
  await until(
    'the example is ready',
    () => ended || started.lines.includes('Ctrl-C stops everything. The log follows.'),
    240_000,
  );
  if (ended) throw new Error(`The example ended: ${started.stderr}`);
  const text = started.lines.join('\n');
  const urls = [...text.matchAll(/^ {2}gateway +(\S+)/gm)].map(([, url = '']) => url).toReversed();
  const pids = [...text.matchAll(/^ {2}(\w+) .* pid (\d+)$/gm)];
  return new RunningExample(
    started,
    urls,
    /^TOKEN=(\S+)$/m.exec(text)?.[1] ?? '',
    new Map(pids.map(([, service = '', pid]) => [service, Number(pid)])),
  );
}
