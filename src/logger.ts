import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, pino } from 'pino';
import { LogOutput } from './log-output.js';
import { terminalLine } from './terminal-line.js';

/** Contexts of Nest's own start-up messages, which are of no use to operators of a gateway. */
const STARTUP_CONTEXTS: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Context of the access log, whose entries hold only texts and numbers. */
const ACCESS = 'Access';

/** Writes Nest's log as one JSON line for each event, or in a form for people if the output is a terminal. */
export class JsonLogger implements LoggerService {
  private readonly pino: ReturnType<typeof pino>;
  /** Absent on a terminal. */
  private readonly output: LogOutput | undefined;

  constructor(level: Level = 'info') {
    const options = {
      base: undefined,
      level,
      formatters: { level: (label: string) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    };
    if (!process.stdout.isTTY) this.output = new LogOutput(1);
    this.pino = pino(options, this.output ?? terminal);
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

  private writer(level: Level) {
    return (message: unknown, ...rest: unknown[]): void => this.write(level, message, rest);
  }

  /** Nest passes the name of the logger last, and a stack before it. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    if (level === 'info' && STARTUP_CONTEXTS.has(context)) return;
    // Nest also throws the error when it cannot listen, and the caller prints a message for it.
    if (level === 'error' && context === 'NestApplication') return;
    if (this.output && this.output.dropped > 0) this.tellOfDropped(this.output);
    if (message instanceof Error) this.pino[level]({ context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      const { message: msg } = message as { message?: string };
      // To copy all keys but one is much slower than to copy all, and what is undefined is left out.
      const entry = { context, ...message, msg, message: undefined };
      if (context === ACCESS && this.output) this.writeAccess(level, entry, this.output);
      else this.pino[level](entry);
    } else this.pino[level]({ context }, String(message));
  }

  /** Formats a line as pino does, in a third of the time, which counts when each request has one. */
  private writeAccess(level: Level, entry: object, output: LogOutput): void {
    if (!this.pino.isLevelEnabled(level)) return;
    output.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...entry })}\n`);
  }

  private tellOfDropped(output: LogOutput): void {
    const { dropped } = output;
    output.dropped = 0; // It counts on if this line is dropped as well.
    this.pino.warn({ context: 'Log', dropped }, 'log lines dropped because the output was not read');
    if (output.dropped > 0) output.dropped += dropped - 1;
  }
}

const terminal: DestinationStream = { write: (line) => void process.stdout.write(terminalLine(line)) };
