import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { collectBody } from '../support/http.js';
import { type Drill, headersOf, readStart } from './client-record.js';
import type { ClientRecord } from './recording.js';

interface ClientSocket {
  close(code: number): void;
  terminate(): void;
  on(event: 'open' | 'error', listener: () => void): void;
  on(event: 'message', listener: (data: Buffer) => void): void;
  on(event: 'close', listener: (code: number) => void): void;
  on(event: 'unexpected-response', listener: (req: unknown, res: IncomingMessage) => void): void;
}

const { WebSocket } = createRequire(import.meta.url)('ws') as {
  WebSocket: new (url: string, options: object) => ClientSocket;
};

/** Opens a WebSocket, expects one message and closes it. @param ms how long it stays open */
export async function openSocket(drill: Drill, record: ClientRecord, ms: number): Promise<void> {
  drill.requests.push(record);
  const socket = new WebSocket(drill.url.replace('http', 'ws') + record.key, { headers: headersOf(record) });
  const onOver = () => socket.terminate();
  drill.over.addEventListener('abort', onOver, { once: true });
  let closing: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    socket.on('open', () => {
      record.headAt = Date.now();
      record.status = 101;
      closing = setTimeout(() => socket.close(1000), ms);
    });
    socket.on('message', (data) => {
      record.bytes += data.length;
      readStart(record, data.toString(), '');
    });
    socket.on('unexpected-response', (_, res) => {
      record.headAt = Date.now();
      record.status = res.statusCode;
      record.end = 'whole';
      void collectBody(res)
        .then((body) => readStart(record, body.toString(), String(res.headers['content-type'])))
        .catch(() => void (record.end = 'cut'))
        .then(resolve);
    });
    socket.on('error', () => resolve());
    socket.on('close', (code) => {
      if (code === 1000) record.end = 'whole';
      resolve();
    });
  });
  record.end ??= drill.over.aborted ? 'hung' : 'cut';
  record.endAt = Date.now();
  clearTimeout(closing);
  drill.over.removeEventListener('abort', onOver);
  socket.terminate();
}
