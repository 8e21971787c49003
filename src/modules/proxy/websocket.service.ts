import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import { ClientHeaders } from '../../common/http/response-headers.js';
import { checkHandshake, isOriginAllowed, isSwitchValid } from '../../common/http/websocket.js';
import { SecondLimit } from '../../common/resilience/second-limit.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { WebSocketConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { OpenTunnels } from '../server/open-tunnels.js';
import { Tunnel } from '../server/tunnel.js';
import { whenPast } from '../server/when-past.js';
import { TokenTunnels } from './token-tunnels.js';
import type { UpgradeRequest, UpstreamResponse } from '../upstream/upstream.types.js';

/** Both ends of a WebSocket handshake: what a client must say, and what it gets when the upstream agrees. */
@Injectable()
export class WebSockets {
  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TokenTunnels) private readonly byToken: TokenTunnels,
  ) {}

  /**
   * @returns what the upstream is asked for
   * @throws ProblemError when the handshake is malformed, of another version, or of a page that may not call
   */
  ask({ req, head }: Exchange, { origins }: WebSocketConfig): UpgradeRequest {
    const { headers } = req;
    checkHandshake(headers, head.hasBody);
    if (!isOriginAllowed(headers.origin, head.authority, origins ?? this.pages)) {
      throw new ProblemError('origin_not_allowed', { close: true });
    }
    return { protocol: 'websocket', isAccepted: (response) => isSwitchValid(headers, response) };
  }

  /** Passes the upstream's 101 on, and from then on frames. */
  open(exchange: Exchange, response: UpstreamResponse): void {
    const { req, res, route } = exchange;
    const { socket: client } = req;
    const { socket: upstream } = response;
    if (!upstream || !route?.config.websocket) return;
    if (client.destroyed) {
      upstream.destroy();
      return;
    }
    res.detachSocket(client);
    client.write(switchingHead(exchange, route, response), 'latin1');
    const { idleTimeout, maxMessageBytes, maxControlFrames, closeOnExpiry } = route.config.websocket;
    const control = new SecondLimit(maxControlFrames, this.clock);
    const mayControl = () => control.take();
    const { sendTimeout } = this.config.current.server;
    const tunnel = new Tunnel({ client, upstream, idleTimeout, sendTimeout, maxMessageBytes, mayControl });
    const expiry = closeOnExpiry ? this.expiryOf(exchange) : undefined;
    const stop = expiry === undefined ? undefined : this.closeAt(expiry, tunnel);
    const { identity } = exchange;
    const forget = identity && this.byToken.add(identity, tunnel);
    this.tunnels.add({ route: route.config.id, requestId: exchange.id }, tunnel, () => {
      stop?.();
      forget?.();
    });
    if (identity) this.byToken.check(identity, tunnel);
    // The exchange ends with its answer; what follows is the tunnel's.
    res.statusCode = 101;
    exchange.outcome = 'success';
    res.emit('close');
  }

  /** With CORS the gateway knows which pages may call; without it any may. */
  private get pages(): readonly string[] | undefined {
    const { origins } = this.config.current.server.cors;
    return origins.length > 0 ? origins : undefined;
  }

  private closeAt(expiry: number, tunnel: Tunnel): () => void {
    return whenPast(this.clock, expiry, () => tunnel.close('token_expired'));
  }

  /** @returns until when a handshake with the same token would be let in; milliseconds since the epoch */
  private expiryOf({ identity }: Exchange): number | undefined {
    const exp = identity?.claims['exp'];
    if (!identity || typeof exp !== 'number') return undefined;
    const { clockSkew = 0 } = this.config.current.auth[identity.provider] ?? {};
    return exp * 1000 + clockSkew;
  }
}

const CLIENT_HEADERS = new ClientHeaders([], ['x-request-id']);

function switchingHead(exchange: Exchange, route: RouteModel, { headers }: UpstreamResponse): string {
  let fields = CLIENT_HEADERS.from(headers);
  if (route.responseHeaders) fields = applyHeaderRules(fields, route.responseHeaders);
  fields.push('X-Request-Id', exchange.id, 'Connection', 'Upgrade', 'Upgrade', 'websocket');
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${head}\r\n`;
}
