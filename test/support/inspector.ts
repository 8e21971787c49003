import { fileURLToPath } from 'node:url';

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
  private readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return;
      this.pending.get(reply.id)?.(reply);
      this.pending.delete(reply.id);
    });
  }

  /** @param process one that was started with `--inspect`, and what it wrote to stderr since */
  static async to({ process }: { readonly process: { readonly stderr: string } }): Promise<Inspector> {
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
    return this.aliveWith(expression);
  }

  /** @returns how many objects whose prototype is what the expression comes to are alive and pass the filter */
  async aliveWith(prototype: string, filter = '() => true'): Promise<number> {
    const objectGroup = 'alive';
    const { result } = await this.send('Runtime.evaluate', { expression: prototype, objectGroup });
    const { objectId } = result as { objectId?: string };
    if (objectId === undefined) throw new Error(`No prototype ${prototype}: ${JSON.stringify(result)}`);
    const { objects } = await this.send('Runtime.queryObjects', { prototypeObjectId: objectId, objectGroup });
    const list = (objects as { objectId: string }).objectId;
    const length = await this.send('Runtime.callFunctionOn', {
      objectId: list,
      functionDeclaration: `function () { return this.filter(${filter}).length; }`,
      returnByValue: true,
    });
    await this.send('Runtime.releaseObjectGroup', { objectGroup });
    return (length['result'] as { value: number }).value;
  }

  /** @returns how many resources of a type keep the event loop alive, such as `TCPSocketWrap` */
  async resources(type: string): Promise<number> {
    const expression = `process.getActiveResourcesInfo().filter((type) => type === '${type}').length`;
    const { result } = await this.send('Runtime.evaluate', { expression });
    return (result as { value: number }).value;
  }

  /** @returns how many timers keep the process alive */
  timers(): Promise<number> {
    return this.resources('Timeout');
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
