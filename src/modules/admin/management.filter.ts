import { randomUUID } from 'node:crypto';
import { Catch, HttpException, Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { ProblemExceptionFilter } from '../server/problem-exception.filter.js';

/** Leaves what Terminus throws with a health page to Nest. */
@Catch()
@Injectable()
export class ManagementFilter extends ProblemExceptionFilter {
  constructor(
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(ConfigStore) private readonly config: ConfigStore,
  ) {
    super(adapterHost.httpAdapter);
  }

  protected override idOf(): undefined {
    return undefined;
  }

  protected override toProblem(error: unknown, req: Request): ProblemError | undefined {
    if (!(error instanceof HttpException) || error.getStatus() >= 500) return super.toProblem(error, req);
    // Nest throws them for what it cannot route, such as a path with `%zz`.
    return error.getStatus() === 404
      ? new ProblemError('no_route')
      : new ProblemError('admin_request_invalid', { detail: error.message });
  }

  protected override answer(_req: Request, res: Response, problem: ProblemError): void {
    const id = randomUUID();
    const { typeBase } = this.config.current.server.errors;
    res
      .status(problem.status)
      .set({ ...problem.options.headers, 'Cache-Control': 'no-store', 'X-Request-Id': id })
      .type(PROBLEM_CONTENT_TYPE)
      .send(JSON.stringify(problem.details(typeBase, id)));
  }
}
