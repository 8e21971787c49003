import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';

export async function collectBody(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
  readonly cacheStatus: string;
}

/** Sends a request on a connection of its own. `fetch` would add `no-cache` to conditional requests. */
export function ask(url: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false })
      .on('error', reject)
      .on('response', (res) => {
        const cacheStatus = String(res.headers['cache-status']);
        collectBody(res).then(
          (bytes) =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              body: bytes.toString(),
              bytes,
              cacheStatus,
            }),
          reject,
        );
      })
      .end();
  });
}

/** Milliseconds without a byte after which the test fails, since the other side should have closed. */
const STILL_OPEN = 10_000;

/**
 * Sends raw bytes and collects the response until the other side closes.
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
    // A server rejects the rest of a request with a reset after its response.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** @returns the status of each response in turn */
export function statusLines(answer: string): string[] {
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status ?? '');
}

export interface Answer {
  readonly status: number;
  /** Lower-case names and the values of all their lines. */
  readonly headers: Readonly<Record<string, string[]>>;
  readonly body: string;
}

const BODILESS = (status: number) => status < 200 || status === 204 || status === 304;

/**
 * Parses the consecutive responses on a connection. It does not support responses to `HEAD`.
 *
 * @throws Error when there are other bytes between or after them
 */
export function answersIn(received: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = received; rest !== '';) {
    const { status, headers, after } = readHead(rest);
    const { body, end } = readBody(after, BODILESS(status) ? '0' : headers['content-length']?.[0], headers);
    answers.push({ status, headers, body });
    rest = after.slice(end);
  }
  return answers;
}

function readHead(text: string): Pick<Answer, 'status' | 'headers'> & { after: string } {
  const blank = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, blank).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (blank === -1 || Number.isNaN(status)) throw new Error(`No head of an answer: ${JSON.stringify(text)}`);
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    (headers[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim());
  }
  return { status, headers, after: text.slice(blank + 4) };
}

function readBody(text: string, length: string | undefined, headers: Answer['headers']) {
  if (length !== undefined) return { body: text.slice(0, Number(length)), end: Number(length) };
  if (headers['transfer-encoding'] === undefined) return { body: text, end: text.length };
  let body = '';
  for (let at = 0; ;) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(at));
    if (!size) throw new Error(`No chunk: ${JSON.stringify(text.slice(at))}`);
    const from = at + size[0].length;
    const bytes = Number.parseInt(size[1] ?? '', 16);
    body += text.slice(from, from + bytes);
    at = from + bytes + 2;
    if (bytes === 0) return { body, end: at };
  }
}

/**
 * @param requestLine without the version
 * @returns a request head, with a `Host` if `fields` has none
 */
export function requestHead(requestLine: string, ...fields: string[]): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: gateway.test'];
  return [`${requestLine} HTTP/1.1`, ...host, ...fields, '', ''].join('\r\n');
}

/** Asks on a connection of its own. @returns the status once the body is complete, or the code of the error */
export function statusOf(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    const req = request(url, { agent: false }, (res) => {
      collectBody(res).then(() => resolve(res.statusCode ?? 0), failed);
    });
    req.on('error', failed).end();
  });
}
