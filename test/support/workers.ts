import { readFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { collectBody } from './http.js';
import { type GatewayProcess, spawnGateway } from './process.js';
import { until } from './until.js';

export interface WorkersProcess extends GatewayProcess {
  readonly file: string;
}

interface WorkersOptions {
  readonly workers?: number;
  readonly shutdown?: string;
  readonly env?: Record<string, string>;
}

/** Runs a gateway with two workers. The YAML has no `server`. */
export function spawnWorkers(
  yaml: string,
  { workers, shutdown, env = {} }: WorkersOptions = {},
): Promise<WorkersProcess> {
  return spawnGateway(withWorkers(yaml, shutdown, workers), env);
}

export function withWorkers(yaml: string, shutdown = 'delay: 0s, drain: 20s', workers = 2): string {
  return `
server: { host: 127.0.0.1, port: 0, workers: ${workers}, shutdown: { ${shutdown} } }
management: { port: 0 }
${yaml}`;
}

/** A client with one connection, and the worker at its other end. */
export class WorkerClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  worker = 0;

  constructor(private readonly gateway: GatewayProcess) {
    onTestFinished(() => this.agent.destroy());
  }

  async ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const req = request(this.gateway.url + path, { agent: this.agent, headers, method });
    const answered = Promise.withResolvers<{
      status: number;
      headers: IncomingHttpHeaders;
      body: string;
    }>();
    req.on('error', answered.reject).on('response', (res) => {
      collectBody(res).then(
        (body) =>
          answered.resolve({ status: res.statusCode ?? 0, headers: res.headers, body: body.toString() }),
        answered.reject,
      );
    });
    req.end();
    return answered.promise;
  }

  /** @returns the status, or the code of the error */
  async status(path: string): Promise<number | string> {
    return this.ask(path).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  }

  /** Finds out by the log which worker answers. @param path of a route */
  async findWorker(path: string): Promise<number> {
    const { headers } = await this.ask(path);
    const id = headers['x-request-id'];
    const line = await this.gateway.process.json(({ requestId }) => requestId === id);
    return (this.worker = Number(line['worker']));
  }
}

/**
 * Connects until two workers have a client each. The system decides which worker gets a connection.
 *
 * @param path of a route that answers
 */
export async function clientsOfBoth(
  gateway: GatewayProcess,
  path: string,
): Promise<readonly [WorkerClient, WorkerClient]> {
  const byWorker = new Map<number, WorkerClient>();
  await until('each worker has a client', async () => {
    const client = new WorkerClient(gateway);
    byWorker.set(await client.findWorker(path), client);
    return byWorker.size === 2;
  });
  const [a, b] = [...byWorker.values()].toSorted((x, y) => x.worker - y.worker);
  if (!a || !b) throw new Error('two clients');
  return [a, b];
}

/** @returns the ids of the processes of the workers, in the order in which they were started */
export async function workerPids({ process }: GatewayProcess): Promise<number[]> {
  const { pid } = process.child;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
