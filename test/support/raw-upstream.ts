import { createServer, type Server, type Socket } from 'node:net';

export type RawAnswer = string | Buffer | ((socket: Socket, head: string) => void);

/** An upstream that answers with raw bytes. */
export interface RawUpstream {
  readonly server: Server;
  /** Every byte that reached it. */
  received: string;
  /** How many connections it has had. */
  connections: number;
  /** Resets the counters and the answers, for the next test of a gateway that is started once. */
  readonly answerWith: (...answers: RawAnswer[]) => void;
}

/**
 * @param answers sent for each request head in turn, the last one repeatedly; a function handles the connection itself
 */
export function rawUpstream(...answers: RawAnswer[]): RawUpstream {
  let current = answers;
  let answered = 0;
  const server = createServer((socket) => {
    upstream.connections++;
    let unread = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      upstream.received += text;
      unread += text;
      for (let end = unread.indexOf('\r\n\r\n'); end !== -1; end = unread.indexOf('\r\n\r\n')) {
        const head = unread.slice(0, end);
        unread = unread.slice(end + 4);
        const answer = current[Math.min(answered++, current.length - 1)] ?? '';
        if (typeof answer === 'function') answer(socket, head);
        else socket.write(answer);
      }
    });
  });
  const upstream: RawUpstream = {
    server,
    received: '',
    connections: 0,
    answerWith: (...next) => {
      current = next;
      answered = 0;
      upstream.received = '';
      upstream.connections = 0;
    },
  };
  return upstream;
}

/** Sends bytes and closes the connection. */
export function thenClose(bytes: string): RawAnswer {
  return (socket) => socket.end(bytes);
}

/** @returns a 200 response, framed by its length */
export function ok(body: string, ...fields: string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${Buffer.byteLength(body)}`, ...fields, '', body].join('\r\n');
}
