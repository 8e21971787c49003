import { describe, expect, it } from 'vitest';
import { AdaptiveLimit } from './adaptive-limit.js';

const SERVICE_MS = 20;

/** A server that works on `slots` calls at a time and queues the rest, and callers who want more than the limit. */
class Simulation {
  now = 0;
  slots = 10;
  callers = 1_000;
  serviceMs = SERVICE_MS;
  /** Milliseconds that the gateway's event loop adds to each call of a second. */
  lateness = (_second: number) => 0;
  drops = false;
  readonly limit: AdaptiveLimit;
  readonly latencies: number[] = [];
  private readonly calls: { readonly since: number; readonly end: number }[] = [];
  private readonly busyUntil: number[] = [];

  constructor(most = 256) {
    this.limit = new AdaptiveLimit(most, { now: () => this.now, wall: () => this.now });
  }

  /** @returns the limit, once each simulated second */
  run(seconds: number): number[] {
    const limits: number[] = [];
    const end = this.now + seconds * 1_000;
    this.latencies.length = 0;
    while (this.now < end) {
      while (this.calls.length < Math.min(this.limit.limit, this.callers)) this.call();
      const done = this.calls.reduce((a, b) => (b.end < a.end ? b : a));
      const second = Math.floor(this.now / 1_000);
      this.now = Math.max(this.now, done.end);
      if (this.drops) this.limit.drop();
      else {
        const latency = this.now - done.since + this.lateness(second);
        this.latencies.push(latency);
        this.limit.record(latency, this.calls.length);
      }
      this.calls.splice(this.calls.indexOf(done), 1);
      if (Math.floor(this.now / 1_000) > second) limits.push(this.limit.limit);
    }
    return limits;
  }

  get medianLatency(): number {
    return this.latencies.toSorted((a, b) => a - b)[this.latencies.length >> 1] ?? 0;
  }

  private call(): void {
    this.busyUntil.splice(this.slots);
    const free = this.busyUntil.filter((until) => until > this.now).toSorted((a, b) => b - a);
    const start = free.length < this.slots ? this.now : (free[this.slots - 1] ?? this.now);
    const end = start + this.serviceMs;
    free[Math.min(free.length, this.slots - 1)] = end;
    this.busyUntil.splice(0, this.busyUntil.length, ...free);
    this.calls.push({ since: this.now, end });
  }
}

describe('AdaptiveLimit', () => {
  it('settles a little above the capacity of the server, and stays there', () => {
    const simulation = new Simulation();
    simulation.run(20);
    const limits = simulation.run(300);
    const sorted = limits.toSorted((a, b) => a - b);
    // Half of it while the base is measured.
    expect(sorted[0]).toBeGreaterThanOrEqual(5);
    expect(sorted.at(-1)).toBeLessThanOrEqual(25);
    expect(sorted[sorted.length >> 1]).toBeGreaterThanOrEqual(10);
    // At 256 at a time it would be half a second.
    expect(simulation.medianLatency).toBeLessThan(2.5 * SERVICE_MS);
  });

  it('follows a server that grows and shrinks', () => {
    const simulation = new Simulation();
    simulation.run(20);
    simulation.slots = 40;
    expect(simulation.run(60).at(-1)).toBeGreaterThanOrEqual(40);
    simulation.slots = 10;
    expect(simulation.run(120).at(-1)).toBeLessThanOrEqual(30);
  });

  it('does not sink when the event loop makes a fast server look several times as slow', () => {
    const simulation = new Simulation();
    simulation.serviceMs = 1;
    simulation.lateness = (second) => (second % 3) * 2;
    simulation.run(5);
    // Half of it while the base is measured.
    expect(Math.min(...simulation.run(30))).toBeGreaterThanOrEqual(5);
  });

  it('sinks by a tenth for each window with a drop, at most to 1, and recovers', () => {
    const simulation = new Simulation();
    const before = simulation.run(20).at(-1) ?? 0;
    simulation.drops = true;
    simulation.run(1);
    expect(simulation.limit.limit).toBeLessThan(before / 2);
    simulation.run(20);
    expect(simulation.limit.limit).toBe(1);
    simulation.drops = false;
    expect(simulation.run(60).at(-1)).toBeGreaterThanOrEqual(10);
  });

  it('does not grow while it is unused, nor above its maximum', () => {
    const idle = new Simulation();
    idle.callers = 3;
    idle.run(60);
    expect(idle.limit.limit).toBe(16);
    const small = new Simulation(8);
    small.run(60);
    expect(small.limit.limit).toBe(8);
  });
});
