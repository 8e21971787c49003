import { Inject, Injectable } from '@nestjs/common';
import { TokenDenylist, tokenIdOf } from '../auth/denylist/token-denylist.service.js';
import type { Identity } from '../routing/identity.js';
import type { Tunnel } from '../server/tunnel.js';

/** The open WebSockets by the `jti` of their token. They end when it is revoked. */
@Injectable()
export class TokenTunnels {
  private readonly byId = new Map<string, Set<Tunnel>>();

  constructor(@Inject(TokenDenylist) private readonly denylist: TokenDenylist) {
    denylist.grown.on((ids) => {
      for (const id of ids) for (const tunnel of this.byId.get(id) ?? []) tunnel.close('token_revoked');
    });
  }

  /** @returns what is to be called once it is gone; `undefined` when its token has no id */
  add(identity: Identity, tunnel: Tunnel): (() => void) | undefined {
    const id = tokenIdOf(identity);
    if (id === undefined) return undefined;
    const tunnels = this.byId.get(id) ?? new Set();
    this.byId.set(id, tunnels.add(tunnel));
    return () => {
      tunnels.delete(tunnel);
      if (tunnels.size === 0) this.byId.delete(id);
    };
  }

  /** Ends one whose token was revoked while the upstream was asked. */
  check(identity: Identity, tunnel: Tunnel): void {
    if (this.denylist.denies(identity)) tunnel.close('token_revoked');
  }
}
