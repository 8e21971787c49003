/** The gateway's time, injected so that specs can set it. */
export interface Clock {
  /** Monotonic milliseconds for durations, windows and ages; setting the machine's clock does not change them. */
  now(): number;
  /** Milliseconds since the epoch, only for dates and the expiry of tokens. */
  wall(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};
