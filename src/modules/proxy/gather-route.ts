import { Readable } from 'node:stream';
import { ProblemError, type ProblemOptions } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { inBackground } from '../../common/http/trace-context.js';
import { Deadline } from '../../common/resilience/deadline.js';
import { hasCredentials } from '../cache/reuse.js';
import type { Exchange } from '../routing/exchange.js';
import type { GatherPart } from '../routing/gather-parts.js';
import type { RouteModel } from '../routing/route.model.js';
import { gatherParts, type Part, partialField } from '../upstream/gather.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { BodySink, UpstreamResponse, WholeBody } from '../upstream/upstream.types.js';
import { documentHeaders } from './document-headers.js';
import type { PassedResponse } from './receive.js';
import { hashKeyOf, requestHeaders } from './upstream-request.js';

/** Headers about a body, and about what the client accepts or has of the whole answer; lower case. */
const NOT_FOR_PARTS: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding content-encoding content-language content-location content-md5 content-type ' +
    'if-match if-unmodified-since'
  ).split(' '),
);
const FOR_PARTS = { removed: NOT_FOR_PARTS, set: ['Accept', 'application/json'], templates: [] };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A document that the gateway has made of several responses, in the form of a response. */
export class GatheredResponse implements PassedResponse {
  readonly status = 200;
  readonly isDelimited = true;

  constructor(
    private readonly bytes: Buffer,
    readonly headers: HeaderRecord,
    readonly sentAt: number,
    /** A fallback stands for a part. */
    readonly isPartial: boolean,
  ) {}

  get contentLength(): number {
    return this.bytes.length;
  }

  whole(): WholeBody {
    return { bytes: this.bytes, outcome: 'success' };
  }

  stream(sink: BodySink): void {
    sink.onData(this.bytes, () => undefined);
    sink.onEnd('success');
  }

  async discard(): Promise<void> {
    // It holds nothing.
  }

  readable(): Readable {
    return Readable.from([this.bytes]);
  }
}

/**
 * Makes the answer of a route of its parts, in the way that `gather` does for code.
 *
 * @param isForClient the calls belong to the client's request: its leaving cancels them, and its record lists them
 * @throws UpstreamError for the first part that fails and has no fallback
 */
export async function gatherRoute(
  exchange: Exchange,
  route: RouteModel,
  parts: readonly GatherPart[],
  upstreams: UpstreamRegistry,
  isForClient = true,
): Promise<GatheredResponse> {
  const calls = parts.map((part) => ({ part, upstream: upstreams.modelIn(exchange.config, part.upstream) }));
  const headers = headersForParts(exchange, route);
  const received = new Map<string, HeaderRecord>();
  const runs = calls.map(({ part, upstream }): [string, Part] => {
    const run = async (signal: AbortSignal) => {
      const response = await upstream.send({
        method: 'GET',
        path: part.target(exchange.head.path),
        headers,
        hashKey: hashKeyOf(exchange, upstream.config),
        // That of a route, so that a slow upstream is to blame as on any other.
        deadline: new Deadline(upstream.clock, route.config.timeout ?? upstream.config.timeout),
        signal,
      });
      const json = await readJson(part, response);
      received.set(part.name, response.headers);
      return json;
    };
    return [part.name, part.fallback === undefined ? run : { run, fallback: part.fallback }];
  });
  const { tries, trace, gone } = exchange;
  const context = isForClient
    ? { headers: [], tries, trace, gone }
    : { headers: [], tries: [], trace: inBackground(trace, 'refresh') };
  // Without a timeout of its own, a route waits as long for all parts as for the slowest one.
  const timeout = route.config.timeout ?? Math.max(...calls.map(({ upstream }) => upstream.config.timeout));
  const clock = calls[0]?.upstream.clock;
  if (!clock) throw new TypeError(`The route ${route.config.id} has no parts.`);
  const sentAt = clock.now();
  const gathering = gatherParts(Object.fromEntries(runs), context, timeout, clock);
  const { results, missing } = await gathering.catch((error: unknown): never => {
    if (!(error instanceof ProblemError)) throw error;
    // A part did not end in time.
    const late = parts.find(({ name, fallback }) => fallback === undefined && !received.has(name));
    const upstream = late?.upstream ?? route.config.upstream;
    const cause = new ProblemError(error.code, { ...error.options, upstream });
    throw new UpstreamError(upstream, 'body_timeout', { cause });
  });
  // The text of each part stays as it is, so that no number loses digits.
  const members = results.map(([name, json]) => `${JSON.stringify(name)}:${String(json)}`);
  const body = Buffer.from(`{${members.join(',')}}`);
  const document = documentHeaders([...received.values()], {
    policy: route.config.cache,
    hasCredentials: hasCredentials(exchange),
    wall: clock.wall(),
  });
  if (missing.length === 0) return new GatheredResponse(body, document, sentAt, false);
  const partial = {
    ...document,
    'cache-control': 'no-store',
    'cdn-cache-control': undefined,
    'breakwater-partial': partialField(missing),
  };
  return new GatheredResponse(body, partial, sentAt, true);
}

/** What an upstream of a route gets, without what is about the body, or about the form of the whole answer. */
function headersForParts(exchange: Exchange, route: RouteModel): string[] {
  const { path } = exchange.head;
  const headers = applyHeaderRules(requestHeaders(exchange, route, path, []), FOR_PARTS, path, undefined);
  const rules = route.requestHeaders;
  return rules ? applyHeaderRules(headers, rules, path, exchange.identity?.claims) : headers;
}

/** @returns the text of a part */
async function readJson(part: GatherPart, response: UpstreamResponse): Promise<string> {
  const { status } = response;
  if (status < 200 || status > 299) {
    void response.discard();
    throw refused(part, response);
  }
  if ((response.contentLength ?? 0) > part.maxBytes) {
    void response.discard(0);
    throw tooLarge(part);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.readable()) {
    // A body of bytes is read in no other form.
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    // Leaving the loop ends the call.
    if (bytes > part.maxBytes) throw tooLarge(part);
    chunks.push(buffer);
  }
  try {
    const text = UTF8.decode(Buffer.concat(chunks));
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw failed(part, 'is not JSON', { cause });
  }
}

function tooLarge(part: GatherPart): UpstreamError {
  return failed(part, 'is larger than its `maxBytes`');
}

/** The client gets the status of an error, with what belongs to it. */
function refused(part: GatherPart, { status, headers: received }: UpstreamResponse): UpstreamError {
  const headers: Record<string, string> = {};
  for (const name of ['WWW-Authenticate', 'Retry-After']) {
    const value = received[name.toLowerCase()];
    if (value !== undefined) headers[name] = String(value);
  }
  return failed(part, `was answered with ${status}`, { status: status >= 400 ? status : 502, headers });
}

function failed({ name, upstream }: GatherPart, what: string, options: ProblemOptions = {}): UpstreamError {
  const detail = `The part ${name} ${what}.`;
  const cause = new ProblemError('part_failed', { ...options, upstream, detail });
  // A client that asks for what is not there is no failure of the upstream.
  return new UpstreamError(upstream, cause.status >= 500 ? 'upstream_status' : 'success', { cause });
}
