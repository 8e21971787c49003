import type { Interval } from '../types.js';

export const WIDTH = 1000;
export const LEFT = 128;
export const RIGHT = 46;
const PLOT = WIDTH - LEFT - RIGHT;
/** Pixels between the labels of the time axis. */
const LABEL_SPACE = 62;
/** Seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 86_400];

/** The time axis that all charts of a report share. */
export class TimeAxis {
  readonly range: Interval;

  constructor(range: Interval) {
    this.range = range;
  }

  x(at: number): number {
    const { from, to } = this.range;
    return LEFT + (PLOT * Math.min(Math.max(at - from, 0), to - from)) / (to - from);
  }

  /** @returns times in seconds from the start */
  ticks(): number[] {
    const seconds = (this.range.to - this.range.from) / 1000;
    const step = STEPS.find((each) => (PLOT * each) / seconds >= LABEL_SPACE) ?? seconds;
    return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
  }
}

/** A part of the report with its height in pixels. Its markup begins at y = 0. */
export interface Panel {
  readonly height: number;
  readonly markup: string;
}

export const clock = (seconds: number) => {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};
