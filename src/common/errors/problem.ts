import { PROBLEMS, type ProblemCode } from './codes.js';

const DOCS = 'https://github.com/breakwater-gateway/breakwater/blob/main/docs/errors.md';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** The body of RFC 9457, with the members Breakwater adds. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ProblemCode;
  readonly requestId?: string;
  readonly upstream?: string;
}

export interface ProblemOptions {
  /** Says what to do about it, for whoever reads the answer. */
  readonly detail?: string;
  /** The upstream the answer is about. */
  readonly upstream?: string;
  /** In place of the status of the code, where the configuration says so. */
  readonly status?: number;
  /** Headers that belong to the answer, such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection cannot be trusted after this request, and is closed. */
  readonly close?: boolean;
  readonly cause?: unknown;
}

/** Thrown anywhere on the request path; answered as `application/problem+json`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly options: ProblemOptions = {},
  ) {
    super(PROBLEMS[code].title, { cause: options.cause });
    this.status = options.status ?? PROBLEMS[code].status;
  }

  /** @returns the body of the answer */
  details(requestId?: string): ProblemDetails {
    const { status } = this;
    const { title } = PROBLEMS[this.code];
    const { detail, upstream } = this.options;
    return { type: `${DOCS}#${this.code}`, title, status, detail, code: this.code, requestId, upstream };
  }
}
