import { onTestFinished } from 'vitest';
import { until } from './until.js';

export interface StreamEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** A reader of `GET /admin/events`. */
export class EventReader {
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  hasEnded = false;

  private constructor(private readonly abort: AbortController) {}

  static async open(
    managementUrl: string,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(`${managementUrl}/admin/events${query}`, { headers, signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const reader = new EventReader(abort);
    void reader.read(response.body).catch(() => undefined);
    onTestFinished(() => reader.close());
    return reader;
  }

  close(): void {
    this.abort.abort();
  }

  named(name: string): StreamEvent[] {
    return this.events.filter((each) => each.name === name);
  }

  /** Waits for an event of this name with these members. */
  async next(name: string, members: Record<string, unknown> = {}): Promise<StreamEvent> {
    const find = () =>
      this.named(name).find(({ data }) =>
        Object.entries(members).every(([key, value]) => data[key] === value),
      );
    await until(`an event ${name} ${JSON.stringify(members)}`, () => find() !== undefined);
    const found = find();
    if (!found) throw new Error(name);
    return found;
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) this.take(message);
    }
    this.hasEnded = true;
  }

  private take(message: string): void {
    if (message.startsWith(':')) {
      this.comments.push(message);
      return;
    }
    const fields = new Map(
      message
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    this.events.push({
      id: fields.get('id'),
      name: fields.get('event') ?? '',
      data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
    });
  }
}
