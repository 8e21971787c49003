import { type ArgumentsHost, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { faultEntry } from '../../common/errors/fault.js';
import { ProblemError } from '../../common/errors/problem.js';

/** Answers errors as problem details, except for those that `toProblem` leaves to Nest. */
export abstract class ProblemExceptionFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(this.constructor.name);

  override catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const problem = this.toProblem(error, http.getRequest<Request>());
    if (!problem) super.catch(error, host);
    else this.answer(http.getRequest<Request>(), http.getResponse<Response>(), problem);
  }

  /** @returns `undefined` for an `HttpException`, which has a form of its own; what nobody has foreseen is logged */
  protected toProblem(error: unknown, req: Request): ProblemError | undefined {
    if (error instanceof ProblemError) return error;
    if (error instanceof HttpException) return undefined;
    this.logger.error(faultEntry(error, { requestId: this.idOf(req) }));
    return new ProblemError('internal_error', { cause: error });
  }

  /** @returns the id of a request, if it has one */
  protected abstract idOf(req: Request): string | undefined;

  protected abstract answer(req: Request, res: Response, problem: ProblemError): void;
}
