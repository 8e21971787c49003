import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { onTestFinished } from 'vitest';

export interface LoadOptions {
  readonly clients: number;
  /** Milliseconds between a response and the same client's next request. */
  readonly pace: number;
  /** Sent with POST, which nothing on the way may repeat; a GET without it. */
  readonly body?: string;
}

/** Counts the responses to clients by status and body: `200 {"id":"1"}`, or `error ECONNRESET`. */
export class Tally {
  private readonly counts = new Map<string, number>();
  private readonly durations: number[] = [];

  add(answer: string, durationMs: number): void {
    this.counts.set(answer, (this.counts.get(answer) ?? 0) + 1);
    this.durations.push(durationMs);
  }

  get total(): number {
    return this.durations.length;
  }

  /** The distinct responses, so that a test can expect a single one. */
  get answers(): string[] {
    return [...this.counts.keys()];
  }

  count(answer: string): number {
    return this.counts.get(answer) ?? 0;
  }

  /** @returns how many waited at least this long for their response */
  countSlow(ms: number): number {
    return this.durations.filter((each) => each >= ms).length;
  }
}

/** Clients that request one URL over keep-alive connections, each again after its response, until `stop`. */
export class Load {
  private tally = new Tally();
  private stopped = false;
  private readonly pool: Pool;
  private readonly path: string;
  private readonly clients: Promise<unknown>;

  constructor(
    url: string,
    private readonly options: LoadOptions,
  ) {
    const { origin, pathname } = new URL(url);
    this.path = pathname;
    this.pool = new Pool(origin, { connections: options.clients, pipelining: 1 });
    this.clients = Promise.all(Array.from({ length: options.clients }, () => this.client()));
    onTestFinished(() => this.end());
  }

  /** @returns a new tally of every request that starts from now on */
  fromNow(): Tally {
    this.tally = new Tally();
    return this.tally;
  }

  /** Waits for the responses in flight and closes the connections. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.clients;
    await this.pool.destroy();
  }

  private async end(): Promise<void> {
    this.stopped = true;
    await this.pool.destroy();
    await this.clients;
  }

  private async client(): Promise<void> {
    while (!this.stopped) {
      const { tally } = this;
      const startedAt = performance.now();
      const answer = await this.ask();
      tally.add(answer, performance.now() - startedAt);
      await sleep(this.options.pace);
    }
  }

  private async ask(): Promise<string> {
    try {
      const { body } = this.options;
      const method = body === undefined ? 'GET' : 'POST';
      const response = await this.pool.request({ method, path: this.path, ...(body && { body }) });
      return `${response.statusCode} ${(await response.body.text()).trim()}`;
    } catch (error) {
      return `error ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  }
}
