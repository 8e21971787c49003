import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { onTestFinished } from 'vitest';

/** Longer than a busy machine delays an answer: what is slow is not lost. */
const TIMEOUT_MS = 30_000;
/** Between an answer and the next request of the same client. The service takes 50 ms. */
const PACE_MS = 50;

/** What came of the requests. Those without an answer, or with another one than 200, are lost. */
export interface LoadReport {
  readonly sent: number;
  /** The pods or addresses that answered. */
  readonly answeredBy: ReadonlySet<string>;
  /** One line for each kind of loss, such as `12 x http://10.90.0.7:8080 ECONNRESET, sent from 3.1 s to 3.4 s`. */
  readonly lost: readonly string[];
}

interface Loss {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Clients that send requests over keep-alive connections, each one after the answer to its last, and never one again. */
export class SteadyLoad {
  sent = 0;
  private stopped = false;
  private readonly answeredBy = new Set<string>();
  private readonly losses = new Map<string, Loss>();
  /** It opens a connection when all others are in use, so that no request waits in a queue of ours. */
  private readonly dispatcher = new Agent({
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  private readonly startedAt = performance.now();
  private readonly clients: Promise<unknown>;

  /** @param pick chooses where the next request goes */
  constructor(
    private readonly pick: () => string | undefined,
    private readonly path: string,
    clients: number,
  ) {
    this.clients = Promise.all(Array.from({ length: clients }, () => this.client()));
    onTestFinished(async () => void (await this.stop()));
  }

  /** Stops sending and waits for the answers in flight. */
  async stop(): Promise<LoadReport> {
    this.stopped = true;
    await this.clients;
    await this.dispatcher.destroy();
    return { sent: this.sent, answeredBy: this.answeredBy, lost: [...this.losses].map(lineOf) };
  }

  private async client(): Promise<void> {
    while (!this.stopped) {
      await this.ask(this.pick());
      await sleep(PACE_MS);
    }
  }

  private async ask(origin: string | undefined): Promise<void> {
    this.sent++;
    const sentAt = (performance.now() - this.startedAt) / 1000;
    if (origin === undefined) return this.lose('no pod was ready', sentAt);
    try {
      const { statusCode, body } = await request(origin + this.path, { dispatcher: this.dispatcher });
      const text = await body.text();
      this.answeredBy.add(origin);
      if (statusCode !== 200) this.lose(`${origin} ${statusCode} ${text.slice(0, 200)}`, sentAt);
    } catch (error) {
      this.lose(`${origin} ${(error as Error).message}`, sentAt);
    }
  }

  /** @param sentAt seconds since the start */
  private lose(how: string, sentAt: number): void {
    const loss = this.losses.get(how) ?? { count: 0, first: sentAt, last: sentAt };
    this.losses.set(how, { ...loss, count: loss.count + 1, last: sentAt });
  }
}

const lineOf = ([how, { count, first, last }]: [string, Loss]) =>
  `${count} x ${how}, sent from ${first.toFixed(2)} s to ${last.toFixed(2)} s`;
