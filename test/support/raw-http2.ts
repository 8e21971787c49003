import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { KeyPair } from './certificates.js';

/** Numbers of RFC 9113 section 6 and 7. */
const TYPES = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, GOAWAY: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
/** `:status: 200` in the static table of HPACK. */
const STATUS_200 = Buffer.from([0x88]);

/** A field that is in no table (RFC 7541 section 6.2.2). */
const LITERAL = '\0';

/** One stream of an upstream that sends the frames it is told to, be they right or wrong. */
export class RawStream {
  constructor(
    private readonly socket: TLSSocket,
    private readonly id: number,
  ) {}

  /** @param fields names, as they are, and values in turn; each shorter than 127 bytes */
  head(...fields: string[]): this {
    const literals = fields.map((text, i) => (i % 2 === 0 ? LITERAL + lengthy(text) : lengthy(text)));
    return this.send(
      TYPES.HEADERS,
      END_HEADERS,
      Buffer.concat([STATUS_200, Buffer.from(literals.join(''), 'latin1')]),
    );
  }

  data(text: string, flag: 'end' | 'more' = 'more'): this {
    return this.send(TYPES.DATA, flag === 'end' ? END_STREAM : 0, Buffer.from(text));
  }

  /** @param code of RFC 9113 section 7, such as 0 (`NO_ERROR`) or 8 (`CANCEL`) */
  reset(code: number): this {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code);
    return this.send(TYPES.RST_STREAM, 0, payload);
  }

  /** Of the connection, with no stream that was finished. */
  goAway(): this {
    this.socket.write(frame(TYPES.GOAWAY, 0, 0, Buffer.alloc(8)));
    return this;
  }

  closeConnection(): void {
    this.socket.end();
  }

  private send(type: number, flags: number, payload: Buffer): this {
    this.socket.write(frame(type, flags, this.id, payload));
    return this;
  }
}

/** An HTTP/2 upstream over TLS that answers each request with whatever frames the handler sends. */
export function rawHttp2(pair: KeyPair, answer: (stream: RawStream) => void): Server {
  return createServer({ ...pair, ALPNProtocols: ['h2'] }, (socket) => {
    let unread = Buffer.alloc(0);
    let skipped = 0;
    socket.on('error', () => undefined);
    socket.write(frame(TYPES.SETTINGS, 0, 0));
    socket.on('data', (chunk: Buffer) => {
      const preface = Math.min(PREFACE_BYTES - skipped, chunk.length);
      skipped += preface;
      unread = Buffer.concat([unread, chunk.subarray(preface)]);
      while (unread.length >= HEAD_BYTES) {
        const end = HEAD_BYTES + unread.readUIntBE(0, 3);
        if (unread.length < end) return;
        const [type, flags] = unread.subarray(3, 5);
        const id = unread.readUInt32BE(5);
        unread = unread.subarray(end);
        if (type === TYPES.SETTINGS && flags !== ACK) socket.write(frame(TYPES.SETTINGS, ACK, 0));
        if (type === TYPES.HEADERS) answer(new RawStream(socket, id));
      }
    });
  });
}

function lengthy(text: string): string {
  return String.fromCharCode(text.length) + text;
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
