import { fileURLToPath } from 'node:url';
import { spawnGateway, type GatewayProcess, type KeepUntil } from './process.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

interface Reply {
  readonly id?: number;
  readonly result: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Inspects a Node process: which objects are alive after a garbage collection. */
export class Inspector {
  private readonly pending = new Map<number, (reply: Reply) => void>();
  private nextId = 1;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return;
      this.pending.get(reply.id)?.(reply);
      this.pending.delete(reply.id);
    });
  }

  static async to({ process }: GatewayProcess): Promise<Inspector> {
    const url = /Debugger listening on (ws:\S+)/.exec(process.stderr)?.[1];
    if (url === undefined) throw new Error(`No inspector: ${process.stderr}`);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    return new Inspector(socket);
  }

  /** Disconnects: a process does not end while it is inspected. */
  close(): void {
    this.socket.close();
  }

  /** @returns how many objects of a class of the gateway are alive, subclasses included */
  async alive(module: string, name: string): Promise<number> {
    const require = `process.getBuiltinModule('node:module').createRequire(${JSON.stringify(DIST)})`;
    const expression = `${require}('./${module}').${name}.prototype`;
    const objectGroup = 'alive';
    const { result } = await this.send('Runtime.evaluate', { expression, objectGroup });
    const { objectId } = result as { objectId?: string };
    if (objectId === undefined) throw new Error(`No ${name} in ${module}: ${JSON.stringify(result)}`);
    const { objects } = await this.send('Runtime.queryObjects', { prototypeObjectId: objectId, objectGroup });
    const list = (objects as { objectId: string }).objectId;
    const length = await this.send('Runtime.callFunctionOn', {
      objectId: list,
      functionDeclaration: 'function () { return this.length; }',
      returnByValue: true,
    });
    await this.send('Runtime.releaseObjectGroup', { objectGroup });
    return (length['result'] as { value: number }).value;
  }

  /** @returns how many timers keep the process alive */
  async timers(): Promise<number> {
    const expression = `process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length`;
    const { result } = await this.send('Runtime.evaluate', { expression });
    return (result as { value: number }).value;
  }

  /**
   * @param most MiB; when more are in use after one collection, several more follow
   * @returns MiB of the heap that are in use after a full collection
   */
  async heapMiB(most = Infinity): Promise<number> {
    await this.send('Runtime.evaluate', { expression: 'gc()' });
    const used = await this.usedMiB();
    if (used < most) return used;
    await this.send('HeapProfiler.collectGarbage');
    return this.usedMiB();
  }

  private async usedMiB(): Promise<number> {
    const { usedSize } = await this.send('Runtime.getHeapUsage');
    return Number(usedSize) / 1024 ** 2;
  }

  private async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = this.nextId++;
    const reply = await new Promise<Reply>((resolve) => {
      this.pending.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result;
  }
}

/** Starts a gateway process that an `Inspector` can connect to. */
export function spawnInspected(yaml: string, keepUntil?: KeepUntil): ReturnType<typeof spawnGateway> {
  return spawnGateway(yaml, { NODE_OPTIONS: '--inspect=127.0.0.1:0 --expose-gc' }, keepUntil);
}
