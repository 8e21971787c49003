/** Time as the gateway sees it, injected so that specs can move it. */
export interface Clock {
  /** Monotonic milliseconds: for durations, windows and ages. A clock step of the machine never moves it. */
  now(): number;
  /** Milliseconds since the epoch: only for dates and token expiry. */
  wall(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};
