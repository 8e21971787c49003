import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Identity } from '../routing/identity.js';
import { Tunnel, type TunnelEnd, type TunnelOptions } from './tunnel.js';

/** One timer for all WebSockets also notices that the wall clock was set. */
const EXPIRY_CHECK_INTERVAL_MS = 1000;

/** The handshake that a WebSocket was opened by. */
export interface TunnelOrigin {
  readonly route: string;
  readonly requestId: string;
  readonly identity: Identity | undefined;
  /** Milliseconds since the epoch after which the gateway closes it; `Infinity` for never. */
  readonly expiresAt: number;
}

export interface TunnelClosed extends Pick<TunnelOrigin, 'route' | 'requestId'>, TunnelEnd {
  /** Milliseconds since the handshake. */
  readonly durationMs: number;
}

/** The WebSockets that are open. Each is closed once a handshake with its token would be refused. */
@Injectable()
export class OpenTunnels implements OnModuleDestroy {
  readonly closed = new Event<TunnelClosed>();
  private readonly open = new Map<Tunnel, TunnelOrigin>();
  private readonly countByRoute = new Map<string, number>();
  private readonly expiryTimer: NodeJS.Timeout;
  private isDraining = false;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
  ) {
    const closeRefused = () => this.open.forEach((origin, tunnel) => this.closeIfRefused(tunnel, origin));
    denylist.grown.on(closeRefused);
    this.expiryTimer = setInterval(closeRefused, EXPIRY_CHECK_INTERVAL_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.expiryTimer);
  }

  add(origin: TunnelOrigin, options: TunnelOptions): void {
    const { route, requestId } = origin;
    const openedAt = this.clock.now();
    const tunnel = new Tunnel(options, (end) => {
      this.open.delete(tunnel);
      this.count(route, -1);
      this.closed.emit({ route, requestId, durationMs: Math.round(this.clock.now() - openedAt), ...end });
    });
    this.open.set(tunnel, origin);
    this.count(route, 1);
    // The token may have been revoked, and the drain may have started, while the upstream was asked.
    if (this.isDraining) tunnel.close('drain');
    else this.closeIfRefused(tunnel, origin);
  }

  /** @returns how many are open; 0 for a route that had one before */
  counts(): Iterable<readonly [route: string, open: number]> {
    return this.countByRoute;
  }

  /** Sends a close frame to both sides of each WebSocket, and of each that opens later. */
  drain(): void {
    this.isDraining = true;
    for (const tunnel of this.open.keys()) tunnel.close('drain');
  }

  /** Settles when no WebSocket is open. */
  async drained(): Promise<void> {
    while (this.open.size > 0) {
      const { promise, resolve } = Promise.withResolvers<TunnelClosed>();
      const stop = this.closed.on(resolve);
      await promise;
      stop();
    }
  }

  /** Cuts what is left. */
  destroy(): void {
    for (const tunnel of this.open.keys()) tunnel.destroy();
  }

  private closeIfRefused(tunnel: Tunnel, { identity, expiresAt }: TunnelOrigin): void {
    if (this.clock.wall() >= expiresAt) tunnel.close('token_expired');
    else if (identity && this.denylist.denies(identity)) tunnel.close('token_revoked');
  }

  private count(route: string, change: 1 | -1): void {
    this.countByRoute.set(route, (this.countByRoute.get(route) ?? 0) + change);
  }
}
