import { createServer, type Server, type TlsOptions } from 'node:tls';
import type { Socket } from 'node:net';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PREFACE = 24;
/** `:status: 200`, from the static table of HPACK. */
const STATUS_200 = 0x88;

/** What a raw HTTP/2 upstream writes to one stream. */
export class RawStream {
  constructor(
    private readonly socket: Socket,
    private readonly id: number,
  ) {}

  head(fields: Readonly<Record<string, string>> = {}): this {
    const literals = Object.entries(fields).map(([name, value]) =>
      Buffer.from(`\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`),
    );
    return this.write(HEADERS, END_HEADERS, Buffer.concat([Buffer.of(STATUS_200), ...literals]));
  }

  data(text: string, { ends = false } = {}): this {
    return this.write(DATA, ends ? END_STREAM : 0, Buffer.from(text));
  }

  reset(code: number): this {
    return this.write(RST_STREAM, 0, Buffer.of(0, 0, 0, code));
  }

  /** With no stream that was finished. */
  goAway(): this {
    this.socket.write(frame(GOAWAY, 0, 0, Buffer.alloc(8)));
    return this;
  }

  closeConnection(): void {
    this.socket.end();
  }

  private write(type: number, flags: number, payload: Buffer): this {
    this.socket.write(frame(type, flags, this.id, payload));
    return this;
  }
}

/** An HTTP/2 server that says what frames it sends: Node's own ends what it resets. */
export function rawHttp2(options: TlsOptions, answer: (stream: RawStream) => void): Server {
  return createServer({ ...options, ALPNProtocols: ['h2'] }, (socket) => {
    let received: Buffer = Buffer.alloc(0);
    let skip = PREFACE;
    socket.on('error', () => undefined);
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        if (received.length < skip + 9) return;
        const length = received.readUIntBE(skip, 3);
        const end = skip + 9 + length;
        if (received.length < end) return;
        const [type, flags = 0] = [received[skip + 3], received[skip + 4]];
        const id = received.readUInt32BE(skip + 5);
        if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
        if (type === HEADERS) answer(new RawStream(socket, id));
        received = received.subarray(end);
        skip = 0;
      }
    });
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
