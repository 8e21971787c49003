import type { Tunnel } from './tunnel.js';

/** The WebSockets that are open, by route. */
export class OpenTunnels {
  private readonly byRoute = new Map<string, Set<Tunnel>>();
  private isLeaving = false;

  add(route: string, tunnel: Tunnel): void {
    let tunnels = this.byRoute.get(route);
    if (!tunnels) this.byRoute.set(route, (tunnels = new Set()));
    tunnels.add(tunnel);
    const ofRoute = tunnels;
    tunnel.open(() => ofRoute.delete(tunnel));
    if (this.isLeaving) tunnel.goAway();
  }

  /** @returns how many are open, also 0 for a route that had one */
  *counts(): Iterable<readonly [route: string, open: number]> {
    for (const [route, { size }] of this.byRoute) yield [route, size];
  }

  /** Tells every client to go elsewhere, also those that come later. */
  goAway(): void {
    this.isLeaving = true;
    for (const tunnel of this.all()) tunnel.goAway();
  }

  /** Cuts what is left. */
  destroy(): void {
    for (const tunnel of this.all()) tunnel.destroy();
  }

  private all(): Tunnel[] {
    return [...this.byRoute.values()].flatMap((tunnels) => [...tunnels]);
  }
}
