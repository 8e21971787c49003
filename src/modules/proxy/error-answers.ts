import type { Request } from 'express';
import { compileBody } from '../../common/errors/body-template.js';
import { ERROR_PAGE, ERROR_PAGE_POLICY } from '../../common/errors/error-page.js';
import { PROBLEM_CONTENT_TYPE, type ProblemDetails } from '../../common/errors/problem.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { memoized } from '../../common/memoized.js';
import type { ErrorsConfig } from '../config/gateway-config.js';

const HTML = 'text/html';

export interface ErrorAnswer {
  /** Lower-cased names. */
  readonly headers: HeaderRecord;
  readonly body: string;
  /** Other clients get something else, by their `Accept`. */
  readonly varies: boolean;
}

/** One way to tell a client of an error. */
interface Form {
  readonly headers: HeaderRecord;
  readonly render: (problem: ProblemDetails) => string;
}

interface FormForStatuses extends Form {
  readonly statuses: ReadonlySet<number>;
  /** For browsers; without it, for all other clients. */
  readonly isPage: boolean;
}

const DOCUMENT: Form = {
  headers: { 'content-type': PROBLEM_CONTENT_TYPE },
  render: (problem) => JSON.stringify(problem),
};

const PAGE: Form = {
  headers: { 'content-type': `${HTML}; charset=utf-8`, 'content-security-policy': ERROR_PAGE_POLICY },
  render: compileBody(HTML, ERROR_PAGE),
};

/** Tells a client of an error as `server.errors` says: browsers by a page, all others by a problem document. */
export function errorAnswer(req: Request, config: ErrorsConfig, problem: ProblemDetails): ErrorAnswer {
  const find = (isPage: boolean) =>
    formsOf(config).find((form) => form.isPage === isPage && form.statuses.has(problem.status));
  const page = find(true) ?? (config.html ? PAGE : undefined);
  const form = page && prefersPage(req) ? page : (find(false) ?? DOCUMENT);
  return { headers: form.headers, body: form.render(problem), varies: page !== undefined };
}

const formsOf = memoized(({ bodies }: ErrorsConfig) => bodies.map(compileForm));

function compileForm({ statuses, contentType, body }: ErrorsConfig['bodies'][number]): FormForStatuses {
  const charset = contentType.startsWith('text/') ? '; charset=utf-8' : '';
  return {
    statuses: new Set(statuses),
    isPage: contentType === HTML,
    headers: { 'content-type': contentType + charset },
    render: compileBody(contentType, body),
  };
}

/** @returns whether a client prefers HTML; one that takes anything, as scripts do, does not */
function prefersPage(req: Request): boolean {
  return req.accepts([PROBLEM_CONTENT_TYPE, 'application/json', HTML]) === HTML;
}
