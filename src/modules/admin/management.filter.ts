import { randomUUID } from 'node:crypto';
import { Catch, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { ProblemExceptionFilter } from '../server/problem-exception.filter.js';

/** Leaves HttpExceptions to Nest, because Terminus throws them with the health page. */
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
    return error instanceof NotFoundException ? new ProblemError('no_route') : super.toProblem(error, req);
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
