import type { LoggerService } from '@nestjs/common';
import { type Level, pino } from 'pino';

/** Contexts of Nest's own start-up messages, which are of no use to operators of a gateway. */
const STARTUP_CONTEXTS: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Writes Nest's log as one JSON line for each event. */
export class JsonLogger implements LoggerService {
  private readonly pino = pino({
    base: undefined,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  });

  readonly log = this.writer('info');
  readonly warn = this.writer('warn');
  readonly error = this.writer('error');
  readonly fatal = this.writer('fatal');
  readonly debug = this.writer('debug');
  readonly verbose = this.writer('trace');

  private writer(level: Level) {
    return (message: unknown, ...rest: unknown[]): void => this.write(level, message, rest);
  }

  /** Nest passes the name of the logger last, and a stack before it. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    if (level === 'info' && STARTUP_CONTEXTS.has(context)) return;
    // Nest also throws the error when it cannot listen, and the caller prints a message for it.
    if (level === 'error' && context === 'NestApplication') return;
    if (message instanceof Error) this.pino[level]({ context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      const { message: text, ...fields } = message as { message?: string };
      this.pino[level]({ context, ...fields }, text);
    } else this.pino[level]({ context }, String(message));
  }
}
