import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { collectBody } from './http.js';
import { until } from './until.js';

/** A span as it has arrived, with the attributes of its resource. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | undefined;
  /** Nanoseconds since the epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Attributes;
  readonly hasFailed: boolean;
  readonly message: string;
  readonly events: readonly { readonly name: string; readonly at: bigint; readonly attributes: Attributes }[];
  readonly resource: Attributes;
}

type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A receiver of OTLP over HTTP, which decodes what it gets. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly path: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  readonly server: Server;

  /** @param answer default: 200 */
  constructor(answer: (res: ServerResponse) => void = (res) => res.end()) {
    this.server = createServer((req, res) => {
      void collectBody(req).then((body) => {
        this.requests.push({ path: req.url, headers: req.headers });
        this.spans.push(...spansIn(body));
        answer(res);
      });
    });
  }

  /** @returns the spans of a trace, as soon as there are so many of them */
  trace(traceId: string, count: number): Promise<readonly ReceivedSpan[]> {
    return until(`${count} spans of ${traceId}`, () => {
      const spans = this.spans.filter((each) => each.traceId === traceId);
      return spans.length >= count ? spans : undefined;
    });
  }
}

/** The fields of a message by their numbers. */
type Message = Map<number, (bigint | Buffer)[]>;

const KINDS = new Map<bigint, 'server' | 'client'>([
  [2n, 'server'],
  [3n, 'client'],
]);

/** Decodes an `ExportTraceServiceRequest` of opentelemetry-proto. */
function spansIn(body: Buffer): ReceivedSpan[] {
  return messages(decode(body), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0] ?? new Map(), 1);
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span): ReceivedSpan => {
        const status = messages(span, 15)[0] ?? new Map();
        return {
          traceId: bytes(span, 1).toString('hex'),
          spanId: bytes(span, 2).toString('hex'),
          parentId: bytes(span, 4).toString('hex'),
          name: bytes(span, 5).toString(),
          kind: KINDS.get(number(span, 6)),
          start: number(span, 7),
          end: number(span, 8),
          attributes: attributesOf(span, 9),
          hasFailed: number(status, 3) === 2n,
          message: bytes(status, 2).toString(),
          events: messages(span, 11).map((event) => ({
            name: bytes(event, 2).toString(),
            at: number(event, 1),
            attributes: attributesOf(event, 3),
          })),
          resource,
        };
      });
  });
}

function attributesOf(message: Message, field: number): Attributes {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const value = messages(pair, 2)[0] ?? new Map();
      const integer = value.get(3);
      const isTrue = value.get(2);
      const read = integer ? Number(number(value, 3)) : isTrue ? number(value, 2) === 1n : undefined;
      return [bytes(pair, 1).toString(), read ?? bytes(value, 1).toString()];
    }),
  );
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((each) => decode(each as Buffer));
}

function bytes(message: Message, field: number): Buffer {
  return (message.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
}

function number(message: Message, field: number): bigint {
  return (message.get(field)?.[0] as bigint | undefined) ?? 0n;
}

/** Reads the wire format of Protocol Buffers. */
function decode(buffer: Buffer): Message {
  const fields: Message = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => buffer.subarray(at, (at += length));
  const read = (type: bigint): bigint | Buffer => {
    if (type === 0n) return varint();
    if (type === 1n) return take(8).readBigUInt64LE();
    if (type === 5n) return BigInt(take(4).readUInt32LE());
    return take(Number(varint()));
  };
  while (at < buffer.length) {
    const tag = varint();
    const field = Number(tag >> 3n);
    fields.set(field, [...(fields.get(field) ?? []), read(tag & 7n)]);
  }
  return fields;
}
