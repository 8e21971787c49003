import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { SERVED_METHODS } from '../../common/http/head.js';
import { newSpanId, newTraceId, type Trace, type TraceEvent } from '../../common/http/trace-context.js';
import type { TryRecord, TrySpan } from '../../common/try-record.js';
import type { KeyRefresh } from '../auth/jwks/remote-keys.js';
import { type Exchange, handlerPathOf } from '../routing/exchange.js';

/** Characters of an attribute that clients choose. */
const MAX_TEXT = 1_024;
const KNOWN_METHODS: ReadonlySet<string> = new Set(SERVED_METHODS);
/** What describes a status and not a failure. */
const STATUS_OUTCOMES: ReadonlySet<Outcome | undefined> = new Set(['success', 'upstream_status']);

/** When spans are made, and for whom. */
export interface SpanContext {
  readonly resource: Resource;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Milliseconds since the epoch at the same time. */
  readonly wall: number;
}

interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** Whether the parent is a span of the caller. */
  readonly isRemote?: boolean;
  readonly name: string;
  readonly kind: SpanKind;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly hasFailed: boolean;
  readonly message?: string | undefined;
  readonly events?: readonly TraceEvent[] | undefined;
}

/**
 * Makes the spans of a request that has ended: one of the gateway, and one for each try. Names of attributes are those of
 * OpenTelemetry's conventions for HTTP, and `breakwater.` begins the others.
 *
 * Queries, headers, tokens and the names of users are in none of them.
 */
export function spansOf(exchange: Exchange, trace: Trace, context: SpanContext): ReadableSpan[] {
  const tries = exchange.tries.flatMap((each) => (each.span ? [trySpan(each, each.span, context)] : []));
  return [requestSpan(exchange, trace, context), ...tries];
}

/** Makes the span of a fetch of keys, which belongs to no request. */
export function keysSpan(
  { provider, result, url, code, durationMs }: KeyRefresh,
  context: SpanContext,
): ReadableSpan {
  const hasFailed = result !== 'success';
  return spanOf(context, {
    traceId: newTraceId(),
    spanId: newSpanId(),
    parentId: undefined,
    name: 'fetch keys',
    kind: SpanKind.CLIENT,
    startedAt: context.now - durationMs,
    durationMs,
    attributes: {
      'http.request.method': 'GET',
      ...addressOf(url),
      'http.response.status_code': hasFailed ? (typeof code === 'number' ? code : undefined) : 200,
      'error.type': hasFailed ? String(code ?? result) : undefined,
      'breakwater.provider': provider,
      'breakwater.result': result,
    },
    hasFailed,
  });
}

function requestSpan(exchange: Exchange, trace: Trace, context: SpanContext): ReadableSpan {
  const { req, res, head, route, identity, cache, fallback, failure, outcome = 'success' } = exchange;
  const method = KNOWN_METHODS.has(req.method) ? req.method : undefined;
  const path = handlerPathOf(req) ?? route?.config.match.path;
  const status = res.headersSent || res.statusCode === 101 ? res.statusCode : undefined;
  const { guilty } = OUTCOMES[outcome];
  const isCut = !res.writableFinished && (guilty === 'upstream' || guilty === 'gateway');
  const hasFailed = isCut || (status !== undefined && status >= 500);
  const isStale = cache?.kind === 'hit' && failure !== undefined;
  const name = method ?? 'HTTP';
  return spanOf(context, {
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentId: trace.parentId,
    isRemote: true,
    name: path === undefined ? name : `${name} ${path}`,
    kind: SpanKind.SERVER,
    startedAt: exchange.startedAt,
    durationMs: context.now - exchange.startedAt,
    attributes: {
      'http.request.method': method ?? '_OTHER',
      'url.scheme': 'encrypted' in req.socket ? 'https' : 'http',
      'url.path': head.path.slice(0, MAX_TEXT),
      'http.route': path,
      'http.response.status_code': status,
      'server.address': head.host || undefined,
      'server.port': portOf(head.authority),
      'client.address': head.clientIp,
      'network.protocol.version': req.httpVersion,
      'error.type': hasFailed ? errorTypeOf(outcome, status) : undefined,
      'breakwater.request_id': exchange.id,
      'breakwater.route': route?.config.id,
      'breakwater.outcome': outcome,
      'breakwater.auth': exchange.authFailure ?? (identity && 'verified'),
      'breakwater.cache': cache?.kind === 'hit' ? cache.result : cache?.status && cache.kind,
      'breakwater.fallback': isStale ? 'stale' : fallback,
      'breakwater.upstream': exchange.concerned?.upstream,
      'breakwater.cause': failure && (failure.reason ?? failure.outcome),
    },
    hasFailed,
    message: failure?.reason,
    events: trace.events?.list,
  });
}

/** Makes the span of a try, which is below that of its request. */
export function trySpan(
  { upstream, target, startedAt, durationMs, outcome, status, detail }: TryRecord,
  { id, traceId, parentId, method, path, resends, isHedge, purpose }: TrySpan,
  context: SpanContext,
): ReadableSpan {
  const isStatus = STATUS_OUTCOMES.has(outcome);
  const isFault = outcome !== undefined && OUTCOMES[outcome].guilty === 'upstream';
  const hasFailed = isFault || status >= 400;
  return spanOf(context, {
    traceId,
    spanId: id,
    parentId,
    name: method,
    kind: SpanKind.CLIENT,
    startedAt,
    // It may still be under way when the client has left.
    durationMs: outcome === undefined ? context.now - startedAt : durationMs,
    attributes: {
      'http.request.method': method,
      ...addressOf(target + path),
      'http.response.status_code': status || undefined,
      'http.request.resend_count': resends || undefined,
      'error.type': hasFailed ? errorTypeOf(outcome, status) : undefined,
      'breakwater.upstream': upstream,
      'breakwater.outcome': outcome,
      'breakwater.cause': isStatus ? undefined : detail || undefined,
      'breakwater.hedge': isHedge || undefined,
      'breakwater.purpose': purpose,
    },
    hasFailed,
    message: isStatus ? undefined : detail,
  });
}

function errorTypeOf(outcome: Outcome | undefined, status: number | undefined): string | undefined {
  return STATUS_OUTCOMES.has(outcome) ? String(status) : outcome;
}

function addressOf(url: string | undefined): Attributes {
  if (url === undefined) return {};
  const { protocol, hostname, port } = new URL(url);
  return {
    'url.full': url.slice(0, MAX_TEXT),
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  };
}

function portOf(authority: string): number | undefined {
  const [, port] = /:(\d+)$/.exec(authority) ?? [];
  return port === undefined ? undefined : Number(port);
}

function spanOf({ resource, now, wall }: SpanContext, span: SpanRecord): ReadableSpan {
  const {
    traceId,
    spanId,
    parentId,
    isRemote = false,
    name,
    kind,
    startedAt,
    attributes,
    hasFailed,
    message,
    events = [],
  } = span;
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  const offset = wall - now;
  const start = offset + startedAt;
  return {
    name,
    kind,
    spanContext: () => context,
    parentSpanContext: parentId === undefined ? undefined : { ...context, spanId: parentId, isRemote },
    startTime: millisToHrTime(start),
    endTime: millisToHrTime(start + span.durationMs),
    duration: millisToHrTime(span.durationMs),
    status: hasFailed ? { code: SpanStatusCode.ERROR, message } : { code: SpanStatusCode.UNSET },
    attributes: present(attributes),
    links: [],
    events: events.map(({ name, at, attributes: each }): TimedEvent => ({
      name,
      time: millisToHrTime(offset + at),
      attributes: present(each),
    })),
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** The exporter would send an empty value for each one that is missing. */
function present(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

const SCOPE = { name: 'breakwater' };
