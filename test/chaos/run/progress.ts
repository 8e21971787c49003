import { openSync, readSync } from 'node:fs';
import type { Phase } from './artillery.js';
import type { FaultInjector } from './fault-injector.js';
import { isAnswered, parseRecords } from './records.js';
import type { ChaosOptions, Transition } from './types.js';

/** Milliseconds. */
const EVERY = 1_000;
/** Seconds between lines where they cannot be overwritten, such as in the log of a CI runner. */
const LINE_EVERY = 10;

interface Sources {
  readonly records: string;
  readonly injector: FaultInjector;
  readonly transitions: readonly Transition[];
}

/** Says once a second how the run is going. */
export class Progress {
  private readonly options: ChaosOptions;
  private readonly sources: Sources;
  private readonly file: number;
  private readonly timer: NodeJS.Timeout;
  private phase: Phase | undefined;
  private phaseFrom = 0;
  private offset = 0;
  private answered = 0;
  private unanswered = 0;
  private seconds = 0;

  constructor(options: ChaosOptions, sources: Sources) {
    this.options = options;
    this.sources = sources;
    this.file = openSync(sources.records, 'r');
    this.timer = setInterval(() => this.show(), EVERY);
    if (process.stdout.isTTY) process.stdout.write('Artillery starts');
  }

  /** The requests of the warm-up do not count. */
  enter(phase: Phase): void {
    this.count();
    this.answered = 0;
    this.unanswered = 0;
    this.phase = phase;
    this.phaseFrom = Date.now();
  }

  end(): void {
    clearInterval(this.timer);
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  }

  private show(): void {
    this.count();
    if (!this.phase) return;
    const text = this.line();
    if (process.stdout.isTTY)
      process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
    else if (this.seconds++ % LINE_EVERY === 0) console.log(text);
  }

  private line(): string {
    const { warmUp, baseline, faults } = this.options;
    const passed = Math.round((Date.now() - this.phaseFrom) / 1000);
    if (this.phase === 'warm-up')
      return passed <= warmUp ? `warm-up ${passed} s of ${warmUp} s` : 'idle for a moment';
    const { injector, transitions } = this.sources;
    const current = injector.injected.filter(({ to }) => to === undefined);
    const states = new Map(transitions.map(({ upstream, to }) => [upstream, to]));
    const open = [...states]
      .filter(([, state]) => state !== 'closed')
      .map(([upstream, state]) => `${upstream} ${state}`);
    return [
      `${clock(passed)} of ${clock(baseline + faults)}`,
      `${this.answered} answered, ${this.unanswered} not`,
      `faults: ${current.map(({ target, kind }) => `${kind} ${target}`).join(', ') || 'none'}`,
      `breakers: ${open.join(', ') || 'closed'}`,
    ].join(' | ');
  }

  private count(): void {
    const buffer = Buffer.alloc(1 << 20);
    const length = readSync(this.file, buffer, 0, buffer.length, this.offset);
    // The last line can be incomplete.
    const whole = buffer.subarray(0, buffer.lastIndexOf('\n', length - 1) + 1);
    this.offset += whole.length;
    for (const request of parseRecords(whole.toString()).requests) {
      // The end of a WebSocket that has just begun comes later.
      if (request.error === 'ERR_NO_END') continue;
      if (isAnswered(request)) this.answered++;
      else this.unanswered++;
    }
  }
}

const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
