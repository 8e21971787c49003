import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Tunnel, TunnelEnd } from './tunnel.js';

/** Whose handshake it was. */
interface TunnelOrigin {
  readonly route: string;
  readonly requestId: string;
}

export interface TunnelClosed extends TunnelOrigin, TunnelEnd {
  /** Since the handshake. */
  readonly durationMs: number;
}

/** The WebSockets that are open, by route. */
@Injectable()
export class OpenTunnels {
  readonly closed = new Event<TunnelClosed>();
  private readonly byRoute = new Map<string, Set<Tunnel>>();
  private open = 0;
  private isLeaving = false;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @param onClosed once it is gone */
  add({ route, requestId }: TunnelOrigin, tunnel: Tunnel, onClosed?: () => void): void {
    let tunnels = this.byRoute.get(route);
    if (!tunnels) this.byRoute.set(route, (tunnels = new Set()));
    tunnels.add(tunnel);
    this.open++;
    const ofRoute = tunnels;
    const openedAt = this.clock.now();
    tunnel.open((end) => {
      ofRoute.delete(tunnel);
      this.open--;
      onClosed?.();
      const durationMs = Math.round(this.clock.now() - openedAt);
      this.closed.emit({ route, requestId, durationMs, ...end });
    });
    if (this.isLeaving) tunnel.close('drain');
  }

  /** @returns how many are open, also 0 for a route that had one */
  *counts(): Iterable<readonly [route: string, open: number]> {
    for (const [route, { size }] of this.byRoute) yield [route, size];
  }

  /** Tells both sides of all to go elsewhere, also of those that come later. */
  goAway(): void {
    this.isLeaving = true;
    for (const tunnel of this.all()) tunnel.close('drain');
  }

  /** Settles once none is left, on either side. */
  async gone(): Promise<void> {
    if (this.open === 0) return;
    await new Promise<void>((resolve) => {
      const stop = this.closed.on(() => {
        if (this.open > 0) return;
        stop();
        resolve();
      });
    });
  }

  /** Cuts what is left. */
  destroy(): void {
    for (const tunnel of this.all()) tunnel.destroy();
  }

  private all(): Tunnel[] {
    return [...this.byRoute.values()].flatMap((tunnels) => [...tunnels]);
  }
}
