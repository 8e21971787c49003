import { newSpanId, type Trace, traceparentOf } from '../../common/http/trace-context.js';
import type { TrySpan } from '../../common/try-record.js';
import type { UpstreamRequest } from './upstream.types.js';

/** @param resends tries of the call before this one */
export function spanOf(
  { method, path }: UpstreamRequest,
  { traceId, spanId: parentId, purpose }: Trace,
  resends: number,
  isHedge: boolean,
): TrySpan {
  const query = path.indexOf('?');
  return {
    id: newSpanId(),
    traceId,
    parentId,
    purpose,
    method,
    path: query === -1 ? path : path.slice(0, query),
    resends,
    isHedge,
  };
}

/** @returns the request with the id of the span in `traceparent`, unless a rule of the route or code has set another value */
export function withSpan(request: UpstreamRequest, trace: Trace, { id }: TrySpan): UpstreamRequest {
  const headers = request.headers?.map((each) =>
    each === trace.traceparent ? traceparentOf(trace, id) : each,
  );
  return headers ? { ...request, headers } : request;
}
