import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, pino } from 'pino';
import { terminalLine } from './terminal-line.js';

/** Contexts of Nest's own start-up messages, which are of no use to operators of a gateway. */
const STARTUP_CONTEXTS: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Bytes of lines that wait for a reader that is slow. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Writes Nest's log as one JSON line for each event, or in a form for people if the output is a terminal. */
export class JsonLogger implements LoggerService {
  /** Lines that were dropped because nobody has read those before them. */
  private dropped = 0;
  private readonly pino: ReturnType<typeof pino>;

  constructor(level: Level = 'info') {
    const options = {
      base: undefined,
      level,
      formatters: { level: (label: string) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    };
    this.pino = pino(options, process.stdout.isTTY ? terminal : this.standardOutput());
  }

  set level(level: Level) {
    this.pino.level = level;
  }

  readonly log = this.writer('info');
  readonly warn = this.writer('warn');
  readonly error = this.writer('error');
  readonly fatal = this.writer('fatal');
  readonly debug = this.writer('debug');
  readonly verbose = this.writer('trace');

  /**
   * Lines are written by a thread of the pool, many at a time, so that requests do not wait for the log. A log that is
   * not read costs lines, and neither time nor memory without end. What is left at exit is written then.
   */
  private standardOutput(): DestinationStream {
    const output = pino.destination({
      dest: 1,
      sync: false,
      minLength: 4096,
      periodicFlush: 100,
      maxLength: MAX_WAITING,
    });
    output.on('drop', () => this.dropped++);
    return output;
  }

  private writer(level: Level) {
    return (message: unknown, ...rest: unknown[]): void => this.write(level, message, rest);
  }

  /** Nest passes the name of the logger last, and a stack before it. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    if (level === 'info' && STARTUP_CONTEXTS.has(context)) return;
    // Nest also throws the error when it cannot listen, and the caller prints a message for it.
    if (level === 'error' && context === 'NestApplication') return;
    if (this.dropped > 0) this.tellOfDropped();
    if (message instanceof Error) this.pino[level]({ context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      const { message: msg } = message as { message?: string };
      // pino leaves out what is undefined. To copy all keys but one is much slower than to copy all.
      this.pino[level]({ context, ...message, msg, message: undefined });
    } else this.pino[level]({ context }, String(message));
  }

  private tellOfDropped(): void {
    const { dropped } = this;
    this.dropped = 0; // It counts on if this line is dropped as well.
    this.pino.warn({ context: 'Log', dropped }, 'log lines dropped because the output was not read');
    if (this.dropped > 0) this.dropped += dropped - 1;
  }
}

const terminal: DestinationStream = { write: (line) => void process.stdout.write(terminalLine(line)) };
