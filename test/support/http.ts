import { connect } from 'node:net';
import type { Readable } from 'node:stream';

export async function collectBody(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Milliseconds without a byte after which the other side should have closed. */
const STILL_OPEN = 10_000;

/**
 * Sends bytes as they are and gathers what comes back until the other side closes.
 *
 * @param bytes written one after the other
 */
export function raw(url: string, ...bytes: (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      for (const each of bytes) socket.write(each, 'latin1');
    });
    socket.setTimeout(STILL_OPEN, () => socket.destroy(new Error(`Still open: ${JSON.stringify(bytes)}`)));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset after the answer is how a server refuses the rest of a request.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** @returns the status of each answer in turn */
export function statusLines(answer: string): string[] {
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status ?? '');
}

export interface Answer {
  readonly status: number;
  /** Lower-cased names to the values of all their lines. */
  readonly headers: Readonly<Record<string, string[]>>;
  readonly body: string;
}

/**
 * Reads the answers on a connection one after the other.
 *
 * @throws Error when there is anything else between or after them
 */
export function answersIn(received: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = received; rest !== '';) {
    const [head = '', ...more] = rest.split('\r\n\r\n');
    const after = more.join('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No status line: ${JSON.stringify(rest)}`);
    const headers: Record<string, string[]> = {};
    for (const line of lines) {
      const [name = '', ...value] = line.split(':');
      (headers[name.toLowerCase()] ??= []).push(value.join(':').trim());
    }
    const length = Number(headers['content-length']?.[0] ?? 0);
    answers.push({ status, headers, body: after.slice(0, length) });
    rest = after.slice(length);
  }
  return answers;
}

/**
 * @param requestLine without the version
 * @returns a request head with a `Host`, if `fields` has none
 */
export function requestHead(requestLine: string, ...fields: string[]): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: gateway.test'];
  return [`${requestLine} HTTP/1.1`, ...host, ...fields, '', ''].join('\r\n');
}
