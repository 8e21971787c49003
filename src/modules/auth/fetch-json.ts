import type { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';

export type FetchFailure = 'unreachable' | 'timeout' | 'status' | 'too_large' | 'malformed';

/** A fetch from an issuer failed; the message is the kind of failure and never holds what came back. */
export class FetchError extends Error {
  override readonly name = 'FetchError';

  constructor(
    readonly failure: FetchFailure,
    /** Of the answer, if the failure is its status. */
    readonly status?: number,
  ) {
    super(failure);
  }
}

export interface FetchOptions {
  /** Milliseconds for all of it, body included. */
  readonly timeout: number;
  /** Bytes after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Makes it a POST of a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly authorization?: string;
}

/**
 * Asks an issuer for JSON. Redirects are not followed, as they could lead anywhere inside the network, and no proxy
 * of the environment is used.
 *
 * @throws FetchError
 */
export async function fetchJson(http: HttpService, url: string, options: FetchOptions): Promise<unknown> {
  const { timeout, maxBytes, signal, form, authorization } = options;
  const deadline = AbortSignal.timeout(timeout);
  try {
    const { status, data } = await firstValueFrom(
      http.request<string>({
        url,
        method: form ? 'POST' : 'GET',
        ...(form ? { data: new URLSearchParams(form).toString() } : {}),
        headers: {
          Accept: 'application/json',
          ...(form ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        signal: AbortSignal.any([signal, deadline]),
        maxRedirects: 0,
        maxContentLength: maxBytes,
        proxy: false,
        responseType: 'text',
        validateStatus: () => true,
      }),
    );
    if (status !== 200) throw new FetchError('status', status);
    return parse(data);
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (deadline.aborted) throw new FetchError('timeout');
    throw new FetchError(isTooLarge(error) ? 'too_large' : 'unreachable');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FetchError('malformed');
  }
}

/** axios has one code for several faults, and tells this one by its message alone. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('maxContentLength');
}
