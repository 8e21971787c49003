import { stdout } from 'node:process';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, pino } from 'pino';
import { Fault } from './common/errors/fault.js';
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

/** Context of what operators do, which is written at every level. */
const AUDIT = 'Audit';

/** Writes Nest's log as one JSON line for each event, or in a form for people if the output is a terminal. */
export class JsonLogger implements LoggerService {
  private readonly pino: ReturnType<typeof pino>;
  /** For lines that no level keeps out of the log. */
  private readonly unfiltered: ReturnType<typeof pino>;
  /** Absent on a terminal. */
  private readonly output: LogOutput | undefined;
  /** Of lines of the access log. */
  private readonly workerField: string = '';
  private second = 0;
  private secondText = '';

  /** @param worker number of the worker that this process is, which its lines name */
  constructor(level: Level = 'info', worker?: number) {
    const base = worker === undefined ? undefined : { worker };
    if (base) this.workerField = `"worker":${worker},`;
    const options = {
      base,
      level,
      formatters: { level: (label: string) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (thrown: unknown) => Fault.of(thrown) },
    };
    if (!stdout.isTTY) this.output = new LogOutput(stdout.fd);
    this.pino = pino(options, this.output ?? terminal);
    this.unfiltered = pino({ ...options, level: 'trace' }, this.output ?? terminal);
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

  /** Writes lines that a worker has written, each with its end of line. */
  readonly relay = (lines: string): void => {
    const { output } = this;
    if (output && output.dropped > 0) this.tellOfDropped(output);
    if (output) output.write(lines);
    else for (const line of lines.trimEnd().split('\n')) stdout.write(ownLine(line) ?? `${line}\n`);
  };

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
      if (context === ACCESS && this.output) this.writeAccess(level, message, this.output);
      else {
        const { message: msg, ...fields } = message as { message?: string };
        const logger = context === AUDIT ? this.unfiltered : this.pino;
        logger[level]({ context, ...fields }, msg);
      }
    } else this.pino[level]({ context }, String(message));
  }

  /**
   * Formats a line as pino does in less than half of the time, which counts when each request has one.
   *
   * @param entry with at least one field
   */
  private writeAccess(level: Level, entry: object, output: LogOutput): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const fields = JSON.stringify(entry).slice(1);
    output.write(
      `{"level":"${level}","time":"${this.time()}",${this.workerField}"context":"${ACCESS}",${fields}\n`,
    );
  }

  /** Only the milliseconds differ between the lines of a second. */
  private time(): string {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      this.second = second;
      this.secondText = new Date(now).toISOString().slice(0, -'000Z'.length);
    }
    return `${this.secondText}${String(now % 1000).padStart(3, '0')}Z`;
  }

  private tellOfDropped(output: LogOutput): void {
    const { dropped } = output;
    output.dropped = 0; // It counts on if this line is dropped as well.
    this.pino.warn({ context: 'Log', dropped }, 'log lines dropped because the output was not read');
    if (output.dropped > 0) output.dropped += dropped - 1;
  }
}

const terminal: DestinationStream = { write: (line) => void stdout.write(terminalLine(line)) };

/** @returns nothing when code of a user has written the line */
function ownLine(line: string): string | undefined {
  try {
    return terminalLine(line);
  } catch {
    return undefined;
  }
}
