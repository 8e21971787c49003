import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '../../common/errors/problem.js';
import { ClientHeaders } from '../../common/http/response-headers.js';
import { checkHandshake, isOriginAllowed, isSwitchValid } from '../../common/http/websocket.js';
import { ConfigStore } from '../config/config.store.js';
import type { Exchange } from '../routing/exchange.js';
import { OpenTunnels } from '../server/open-tunnels.js';
import { Tunnel } from '../server/tunnel.js';
import type { UpgradeRequest, UpstreamResponse } from '../upstream/upstream.types.js';

/** Both ends of a WebSocket handshake: what a client must say, and what it gets when the upstream agrees. */
@Injectable()
export class WebSockets {
  private readonly origins: readonly string[];

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
  ) {
    this.origins = config.current.server.cors.origins;
  }

  /**
   * @returns what the upstream is asked for
   * @throws ProblemError when the handshake is malformed, of another version, or of a page that may not call
   */
  ask({ req, head }: Exchange): UpgradeRequest {
    const { headers } = req;
    checkHandshake(headers, head.hasBody);
    if (!isOriginAllowed(headers.origin, head.authority, this.origins)) {
      throw new ProblemError('origin_not_allowed', { close: true });
    }
    return { protocol: 'websocket', isAccepted: (response) => isSwitchValid(headers, response) };
  }

  /** Passes the upstream's 101 on, and from then on bytes. */
  open(exchange: Exchange, { headers, socket: upstream }: UpstreamResponse): void {
    const { req, res, route } = exchange;
    const { socket: client } = req;
    if (!upstream || !route?.websocket) return;
    if (client.destroyed) {
      upstream.destroy();
      return;
    }
    const fields = CLIENT_HEADERS.from(headers);
    fields.push('X-Request-Id', exchange.id, 'Connection', 'Upgrade', 'Upgrade', 'websocket');
    res.detachSocket(client);
    client.write(headOf(fields), 'latin1');
    this.tunnels.add(route.id, new Tunnel({ client, upstream, idleTimeout: route.websocket.idleTimeout }));
    // The exchange ends with its answer; what follows is the tunnel's.
    res.statusCode = 101;
    exchange.outcome = 'success';
    res.emit('close');
  }
}

const CLIENT_HEADERS = new ClientHeaders([], ['x-request-id']);

function headOf(fields: readonly string[]): string {
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${head}\r\n`;
}
