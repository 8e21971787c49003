import { createServer, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closedPort } from '../../../../test/support/closed-port.js';
import { listen } from '../../../../test/support/gateway.js';
import { until } from '../../../../test/support/until.js';
import { messagesIn, readEvents } from './event-reader.js';
import type { Connection, Message } from './wire.js';

async function all(chunks: readonly string[]): Promise<Message[]> {
  const messages = [];
  for await (const message of messagesIn(
    (async function* () {
      yield* chunks;
    })(),
  ))
    messages.push(message);
  return messages;
}

function read(url: string) {
  const abort = new AbortController();
  const messages: Message[] = [];
  const connections: Connection[] = [];
  const ended = readEvents({
    url,
    signal: abort.signal,
    onMessage: (message) => messages.push(message),
    onConnection: (connection) => connections.push(connection),
  });
  onTestFinished(async () => {
    abort.abort();
    await ended;
  });
  return { messages, connections, states: () => connections.map(({ state }) => state) };
}

describe('messages of a stream', () => {
  it('are found however they are cut into chunks', async () => {
    const text = 'id: a.1\nevent: tick\ndata: {"a":": b"}\n\n:\n\nevent: gap\ndata: {}\n\n';
    const expected = [
      { name: 'tick', id: 'a.1', data: { a: ': b' } },
      { name: '', id: undefined, data: undefined },
      { name: 'gap', id: undefined, data: {} },
    ];
    expect(await all([text])).toEqual(expected);
    expect(await all(text.split(''))).toEqual(expected);
  });
});

describe('the reader of events', () => {
  it('connects again, and says which event it knows', async () => {
    const known: (string | string[] | undefined)[] = [];
    const answer = (res: ServerResponse, n: number) =>
      res.writeHead(200).end(`id: a.${n}\nevent: tick\ndata: {"n":${n}}\n\n`);
    const url = await listen(
      createServer((req, res) => {
        known.push(req.headers['last-event-id']);
        answer(res, known.length);
      }),
    );
    const { messages, states } = read(url);
    await until('two connections', () => messages.length > 1);
    expect(known.slice(0, 2)).toEqual(['0', 'a.1']);
    expect(states().slice(0, 3)).toEqual(['live', 'lost', 'live']);
  });

  it('tells why it is not admitted', async () => {
    const { connections } = read(await listen(createServer((_req, res) => res.writeHead(401).end())));
    await until('the refusal', () => connections.length > 0);
    expect(connections[0]).toMatchObject({ state: 'refused', status: 401 });
  });

  it('tells why nobody answers', async () => {
    const { connections } = read(await closedPort());
    await until('the failure', () => connections.length > 0);
    expect(connections[0]).toMatchObject({ state: 'lost', detail: 'ECONNREFUSED' });
  });
});
