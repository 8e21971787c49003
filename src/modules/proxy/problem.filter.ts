import { type ArgumentsHost, Catch, HttpException, Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AxiosError } from 'axios';
import type { Request, Response } from 'express';
import type { Outcome } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { exchangeOf } from '../routing/exchange.js';
import { ProblemExceptionFilter } from '../server/problem-exception.filter.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { PluginAnswer } from './plugin-hooks.js';
import { ReplyWriter } from './reply-writer.js';

/** Answers whatever was thrown; only an `HttpException` of a controller of code keeps Nest's own form. */
@Catch()
@Injectable()
export class ProblemFilter extends ProblemExceptionFilter {
  constructor(
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const exchange = exchangeOf(host.switchToHttp().getRequest<Request>());
    if (exchange && error instanceof PluginAnswer) {
      this.reply.plugin(exchange, error.response);
      return;
    }
    if (exchange) exchange.outcome ??= outcomeOf(error);
    super.catch(error, host);
  }

  protected override toProblem(error: unknown, req: Request): ProblemError | undefined {
    return UpstreamError.behind(error)?.toProblem() ?? super.toProblem(error, req);
  }

  protected override idOf(req: Request): string | undefined {
    return exchangeOf(req)?.id;
  }

  protected override answer(req: Request, res: Response, problem: ProblemError): void {
    this.reply.problem(res, exchangeOf(req), problem);
  }
}

/** Answers failed calls, refusals and what plugins answer, and leaves all other errors to the application that the gateway is a part of. */
@Catch(ProblemError, UpstreamError, AxiosError, PluginAnswer)
@Injectable()
export class CallFilter extends ProblemFilter {}

/** @returns `undefined` when the answer says it all: a refusal, or an answer that a controller of code has chosen */
function outcomeOf(error: unknown): Outcome | undefined {
  const failure = UpstreamError.behind(error);
  if (failure) return failure.outcome;
  return error instanceof ProblemError || error instanceof HttpException ? undefined : 'gateway_error';
}
