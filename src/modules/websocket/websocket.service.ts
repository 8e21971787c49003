import type { Duplex } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import { ClientHeaders, type HeaderRecord } from '../../common/http/response-headers.js';
import { RollingCount } from '../../common/resilience/rolling-count.js';
import { CLOCK } from '../config/config.tokens.js';
import type { WebSocketConfig } from '../config/gateway-config.js';
import { ConcurrencyLimits } from '../rate-limit/concurrency-limits.service.js';
import type { Exchange } from '../routing/exchange.js';
import { pushRateLimit } from '../routing/rate-limit-report.js';
import type { RouteModel } from '../routing/route.model.js';
import { isUpgrade } from '../server/upgrades.js';
import type { UpgradeRequest } from '../upstream/upstream.types.js';
import { asksForWebSocket, checkHandshake, isOriginAllowed, isSwitchValid } from './handshake.js';
import { OpenTunnels } from './open-tunnels.js';

/** `maxControlFrames` holds for each second. */
const CONTROL_WINDOW_MS = 1000;

/** Checks both halves of a WebSocket handshake, and opens the tunnel when the upstream accepts it. */
@Injectable()
export class WebSockets {
  constructor(
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(ConcurrencyLimits) private readonly limits: ConcurrencyLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns what to ask the upstream for; `undefined` when the request is no handshake
   * @throws ProblemError when the handshake is malformed, has another version, comes from a page that may not call, or is one too many
   */
  upgradeRequest(exchange: Exchange, { origins }: WebSocketConfig): UpgradeRequest | undefined {
    const { req, head, offeredProtocols, isByCookie } = exchange;
    const { headers } = req;
    // The server upgrades no request with a body. As a handshake it is malformed, and not an ordinary request.
    const hasBody = head.hasBody && req.method === 'GET' && asksForWebSocket(headers);
    if (!isUpgrade(req) && !hasBody) return undefined;
    checkHandshake(headers, head.hasBody);
    const { cors } = exchange;
    // Any page may open a WebSocket when CORS is off.
    const allowed = origins ?? (cors.origins.length > 0 ? cors.origins : undefined);
    if (!isOriginAllowed(headers.origin, hostForClient(exchange), allowed, isByCookie)) {
      throw new ProblemError('origin_not_allowed', { close: true });
    }
    this.limits.openStream(exchange);
    return {
      protocol: 'websocket',
      isAccepted: (response) => isSwitchValid(headers, response, offeredProtocols),
    };
  }

  /**
   * Sends the upstream's 101 to the client, and relays frames from then on.
   *
   * @param headers of the 101
   */
  open(exchange: Exchange, upstream: Duplex, headers: HeaderRecord): void {
    const { req, res, route, identity } = exchange;
    const { socket: client } = req;
    if (!route?.config.websocket) return;
    if (client.destroyed) {
      upstream.destroy();
      return;
    }
    res.detachSocket(client);
    client.write(switchingHead(exchange, route, headers), 'latin1');
    const { idleTimeout, maxMessageBytes, maxControlFrames, closeOnExpiry } = route.config.websocket;
    const { sendTimeout } = exchange.config.server;
    const controlFrames = new RollingCount(CONTROL_WINDOW_MS, this.clock);
    const mayControl = () => controlFrames.add() <= maxControlFrames;
    const expiresAt = closeOnExpiry ? expiryOf(exchange) : Infinity;
    this.tunnels.add(
      { route: route.config.id, requestId: exchange.id, identity, expiresAt },
      { client, upstream, idleTimeout, sendTimeout, maxMessageBytes, mayControl },
    );
    // The exchange ends with its response. What follows belongs to the tunnel.
    res.statusCode = 101;
    exchange.outcome = 'success';
    res.emit('close');
  }
}

/** @returns the host that the client has called: a trusted proxy may have called the gateway by another name */
function hostForClient({ req, head }: Exchange): string {
  const [forwarded = ''] = head.peerTrusted ? String(req.headers['x-forwarded-host'] ?? '').split(',') : [];
  return forwarded.trim() || head.authority;
}

/** @returns until when a handshake with the same token would be accepted; milliseconds since the epoch */
function expiryOf({ identity, config }: Exchange): number {
  const exp = identity?.claims['exp'];
  if (!identity || typeof exp !== 'number') return Infinity;
  const { clockSkew = 0 } = config.auth[identity.provider] ?? {};
  return exp * 1000 + clockSkew;
}

const CLIENT_HEADERS = new ClientHeaders([], ['x-request-id']);

function switchingHead(exchange: Exchange, route: RouteModel, headers: HeaderRecord): string {
  let fields = CLIENT_HEADERS.from(headers);
  const {
    head: { path },
    identity,
  } = exchange;
  if (route.responseHeaders) fields = applyHeaderRules(fields, route.responseHeaders, path, identity?.claims);
  // A browser that has offered subprotocols fails without an answer to one of them (WHATWG WebSockets section 2.2).
  if (exchange.offeredProtocols && headers['sec-websocket-protocol'] === undefined)
    fields.push('Sec-WebSocket-Protocol', 'bearer');
  if (exchange.rateLimit) pushRateLimit(fields, exchange.rateLimit);
  fields.push('X-Request-Id', exchange.id, 'Connection', 'Upgrade', 'Upgrade', 'websocket');
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${head}\r\n`;
}
