import { type ArgumentsHost, Catch, HttpException, Inject, Injectable, Logger } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { exchangeOf } from '../routing/exchange.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { ReplyWriter } from './reply-writer.js';

/** Answers whatever was thrown; only an `HttpException` of a controller of code keeps Nest's own form. */
@Catch()
@Injectable()
export class ProblemFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (error instanceof HttpException) {
      super.catch(error, host);
      return;
    }
    const http = host.switchToHttp();
    const exchange = exchangeOf(http.getRequest<Request>());
    this.reply.problem(http.getResponse<Response>(), exchange, this.toProblem(error));
  }

  private toProblem(error: unknown): ProblemError {
    if (error instanceof ProblemError) return error;
    if (error instanceof UpstreamError) return error.toProblem();
    this.logger.error(error);
    return new ProblemError('internal_error', { cause: error });
  }
}
