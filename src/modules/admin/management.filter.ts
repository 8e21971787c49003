import { randomUUID } from 'node:crypto';
import {
  type ArgumentsHost,
  Catch,
  HttpException,
  Inject,
  Injectable,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Response } from 'express';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';

/** Answers errors as problem details, except for HttpExceptions: Terminus throws them with the health page. */
@Catch()
@Injectable()
export class ManagementFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(ManagementFilter.name);

  constructor(@Inject(HttpAdapterHost) adapterHost: HttpAdapterHost) {
    super(adapterHost.httpAdapter);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (error instanceof HttpException && !(error instanceof NotFoundException)) {
      super.catch(error, host);
      return;
    }
    const problem = this.toProblem(error);
    const id = randomUUID();
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(problem.status)
      .set({ 'Cache-Control': 'no-store', 'X-Request-Id': id })
      .type(PROBLEM_CONTENT_TYPE)
      .send(JSON.stringify(problem.details(id)));
  }

  private toProblem(error: unknown): ProblemError {
    if (error instanceof ProblemError) return error;
    if (error instanceof NotFoundException) return new ProblemError('no_route');
    this.logger.error(error);
    return new ProblemError('internal_error', { cause: error });
  }
}
