import { createServer, type Server } from 'node:net';

/** An upstream that reads as strictly as possible, so that it notices every request that is not canonical. */
export interface StrictUpstream {
  readonly server: Server;
  /** Complete requests: the head without values that differ by request, and the body without its framing. */
  readonly requests: string[];
  /** Every byte since the last `clear`. */
  received: string;
  readonly clear: () => void;
}

const PORT_OF_UPSTREAM = /^host: 127\.0\.0\.1:\d+$/m;

/** It answers each request with its method and target. */
export function strictUpstream(): StrictUpstream {
  const server = createServer((socket) => {
    let unread = '';
    socket.on('error', () => undefined);
    socket.on('close', () => unread !== '' && upstream.requests.push('cut'));
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      upstream.received += text;
      unread += text;
      for (let request = readRequest(unread); request; request = readRequest(unread)) {
        unread = unread.slice(request.length);
        upstream.requests.push(request.text);
        const answer = request.head.split(' HTTP/1.1')[0] ?? '';
        const seen = answer.startsWith('HEAD ') ? '' : answer;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${seen}`, 'latin1');
      }
    });
  });
  const upstream: StrictUpstream = {
    server,
    requests: [],
    received: '',
    clear: () => {
      upstream.requests.length = 0;
      upstream.received = '';
    },
  };
  return upstream;
}

/** @returns the first request in the bytes, or `undefined` when it is not complete yet */
function readRequest(bytes: string): { head: string; text: string; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.slice(0, end);
  const after = bytes.slice(end + 4);
  const body = readBody(framingOf(head), after);
  if (body === undefined) return undefined;
  return { head, text: `${canonical(head)}\r\n\r\n${body.data}`, length: end + 4 + body.length };
}

/** @returns the values of the fields that frame the message */
function framingOf(head: string): string[] {
  const fields = head.split('\r\n').slice(1);
  return fields
    .filter((field) => /^(?:content[-_]length|transfer[-_]encoding)\b/i.test(field))
    .map((field) => field.toLowerCase());
}

function readBody(framing: readonly string[], text: string): { data: string; length: number } | undefined {
  const [field = 'content-length: 0'] = framing;
  const length = /^content-length: (0|[1-9][0-9]*)$/.exec(field)?.[1];
  const isFramed = framing.length <= 1 && (length !== undefined || field === 'transfer-encoding: chunked');
  // It stands out in the comparison.
  if (!isFramed) return { data: `AMBIGUOUS ${text}`, length: text.length };
  if (length === undefined) return readChunks(text);
  const data = text.slice(0, Number(length));
  return data.length === Number(length) ? { data, length: data.length } : undefined;
}

function readChunks(text: string): { data: string; length: number } | undefined {
  let data = '';
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const digits = text.slice(at, line);
    if (!/^[0-9a-f]+$/.test(digits)) return { data: `MALFORMED ${text}`, length: text.length };
    const size = Number.parseInt(digits, 16);
    const end = line + 2 + size + 2;
    if (text.length < end) return undefined;
    data += text.slice(line + 2, end - 2);
    at = end;
    if (size === 0) return { data, length: at };
  }
}

/** Sorts the fields, and replaces what differs from run to run. */
function canonical(head: string): string {
  const [line = '', ...fields] = head
    .replace(PORT_OF_UPSTREAM, 'host: upstream')
    .replace(/^(Via: .*1\.1 breakwater)-[0-9a-f]{12}$/m, '$1')
    .replace(/^X-Request-Id: [0-9a-f-]{36}$/m, 'X-Request-Id: new')
    .replace(/^X-Request-Deadline: (?:[1-9]\d{0,3})$/m, 'X-Request-Deadline: soon')
    .split('\r\n');
  return [line, ...sorted(fields)].join('\r\n');
}

/** Fields of the same name keep their order, which has a meaning. */
export function sorted(fields: readonly string[]): string[] {
  return fields.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}

/** @returns the lower-cased name of a field */
export function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':')).toLowerCase();
}
