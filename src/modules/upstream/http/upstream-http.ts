import { HttpService } from '@nestjs/axios';
import { type AxiosAdapter, AxiosError, create, getAdapter, type InternalAxiosRequestConfig } from 'axios';
import type { Outcome } from '../../../common/errors/outcomes.js';
import { ProblemError } from '../../../common/errors/problem.js';
import { UpstreamError } from '../upstream.error.js';
import type { UpstreamProxy } from '../upstream-proxy.js';
import { AxiosCall, type NodeRequestOptions, type NodeResponse } from './axios-call.js';

/**
 * An `HttpService` whose requests go to an upstream, by its pool and through its breaker, retries and deadline. URLs are
 * paths of the upstream; everything else of axios means what it means without it, except that redirects are not followed.
 */
export function upstreamHttpService(upstream: UpstreamProxy): HttpService {
  // The name of no host: the upstream knows its targets.
  const origin = `http://${upstream.id.toLowerCase()}.upstream`;
  const instance = create({ adapter: adapterTo(upstream, origin) });
  instance.interceptors.request.use((config) => {
    // `new URL` keeps an absolute one, which the adapter refuses.
    config.baseURL = new URL(config.baseURL ?? '/', origin).href;
    return config;
  });
  return new HttpService(instance);
}

/** axios's adapter for Node with calls of the upstream in place of requests of Node. */
function adapterTo(upstream: UpstreamProxy, origin: string): AxiosAdapter {
  const viaNode = getAdapter('http');
  const { hostname } = new URL(origin);
  const transport = {
    request(options: NodeRequestOptions, onResponse: (response: NodeResponse) => void): AxiosCall {
      if (options.hostname !== hostname)
        throw new AxiosError(
          `The HttpService of the upstream ${upstream.id} takes paths of that upstream, and no other hosts`,
          AxiosError.ERR_BAD_OPTION_VALUE,
        );
      return new AxiosCall(upstream, options, onResponse);
    },
  };
  return (config) =>
    viaNode({
      ...config,
      transport,
      // These would lead elsewhere.
      proxy: false,
      httpVersion: 1,
      socketPath: null,
      maxRedirects: 0,
    }).catch((error: unknown) => {
      throw described(error, config, upstream.id);
    });
}

const TIMEOUTS: ReadonlySet<Outcome> = new Set<Outcome>([
  'deadline',
  'try_timeout',
  'short_deadline',
  'body_timeout',
]);
const RESETS: ReadonlySet<Outcome> = new Set<Outcome>(['reset', 'stalled', 'died_mid_body']);

/** Gives an error of axios the code that axios would have used. Its cause is the `UpstreamError`. */
function described(error: unknown, config: InternalAxiosRequestConfig, upstream: string): unknown {
  if (!(error instanceof AxiosError)) return error;
  error.config = config;
  const failure = UpstreamError.behind(error);
  if (!failure) {
    if (error.response) error.cause = unexpectedStatus(upstream, error.response.status);
    return error;
  }
  error.name = 'AxiosError';
  error.code = codeOf(failure, config);
  return error;
}

/** What a handler that does not catch a status gives as its answer. */
function unexpectedStatus(upstream: string, status: number): UpstreamError {
  const detail = `The upstream ${upstream} answered with ${status}.`;
  const cause = new ProblemError('upstream_unexpected_status', { upstream, detail });
  // Who asks for what is not there is no failure of the upstream.
  return new UpstreamError(upstream, status >= 500 ? 'upstream_status' : 'success', { cause });
}

function codeOf({ outcome, detail }: UpstreamError, { transitional }: InternalAxiosRequestConfig): string {
  if (TIMEOUTS.has(outcome))
    return transitional?.clarifyTimeoutError ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED;
  if (RESETS.has(outcome)) return 'ECONNRESET';
  if (outcome === 'client_gone') return AxiosError.ERR_CANCELED;
  // `breaker_open` and `bulkhead_full` have no cause: nothing was sent.
  return detail === 'unknown' ? outcome : detail;
}
