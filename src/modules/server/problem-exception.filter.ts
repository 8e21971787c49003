import { type ArgumentsHost, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';

/** Answers errors as problem details, except for those that `toProblem` leaves to Nest. */
export abstract class ProblemExceptionFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(this.constructor.name);

  override catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const problem = this.toProblem(error);
    if (!problem) super.catch(error, host);
    else this.answer(http.getRequest<Request>(), http.getResponse<Response>(), problem);
  }

  /** @returns `undefined` for an `HttpException`, which has a form of its own; what nobody has foreseen is logged */
  protected toProblem(error: unknown): ProblemError | undefined {
    if (error instanceof ProblemError) return error;
    if (error instanceof HttpException) return undefined;
    this.logger.error(error);
    return new ProblemError('internal_error', { cause: error });
  }

  protected abstract answer(req: Request, res: Response, problem: ProblemError): void;
}
