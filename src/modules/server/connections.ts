import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Inject, Injectable } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { networkOf } from '../../common/http/client-network.js';
import { compileRanges, unmapped } from '../../common/http/forwarded.js';
import { memoized } from '../../common/memoized.js';
import { ConfigStore } from '../config/config.store.js';

/** Why a connection was closed before its first request. */
export type ConnectionRefusalReason =
  | 'connections'
  | 'connections_per_ip'
  | 'plain_http'
  | 'handshake'
  | 'handshake_timeout'
  | 'client_certificate';

export interface RefusedConnection {
  readonly reason: ConnectionRefusalReason;
  /** For operators. It holds nothing that the client has sent. */
  readonly cause: string;
  /** Address of the other side; empty when it is gone. */
  readonly peer: string;
}

type TlsClientError = Error & { readonly code?: string; readonly reason?: string };

/** Counts the connections of clients, and refuses those above the limits and those whose TLS handshake fails. */
@Injectable()
export class Connections {
  readonly refused = new Event<RefusedConnection>();
  /** Those that are open. */
  open = 0;
  private readonly byNetwork = new Map<string, number>();
  /** Those whose TLS handshake is not complete, by their ends: Node tells of its end with another socket. */
  private readonly handshakes = new Map<string, Socket>();

  constructor(@Inject(ConfigStore) private readonly config: ConfigStore) {}

  /** Hides connections above the limits from the listeners that the server already has. */
  guard(server: Server): void {
    const accept = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.admit(socket)) {
        socket.destroy();
        return;
      }
      if (server instanceof TlsServer) this.watchHandshake(socket);
      for (const listener of accept) listener.call(server, socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => this.handshakes.delete(endsOf(socket)));
    // Node's own listener takes a failed handshake for a malformed request, which would be answered in plain text.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error: TlsClientError, socket: TLSSocket) => this.onTlsError(error, socket));
  }

  /** Ends connections whose TLS handshake is not complete, before which there can be no request. */
  endHandshakes(): void {
    for (const socket of this.handshakes.values()) socket.destroy();
  }

  private watchHandshake(socket: Socket): void {
    const ends = endsOf(socket);
    this.handshakes.set(ends, socket);
    socket.once('close', () => this.handshakes.delete(ends));
  }

  private admit(socket: Socket): boolean {
    const { limits, trustProxy } = this.config.current.server;
    const peer = unmapped(socket.remoteAddress ?? '');
    if (limits.connections > 0 && this.open >= limits.connections) {
      this.refuse('connections', `more than ${limits.connections} connections`, peer);
      return false;
    }
    const network = peer === '' || trustedBy(trustProxy)(peer) ? undefined : networkOf(peer);
    const before = (network !== undefined && this.byNetwork.get(network)) || 0;
    if (limits.connectionsPerIp > 0 && before >= limits.connectionsPerIp) {
      this.refuse('connections_per_ip', `more than ${limits.connectionsPerIp} connections of a client`, peer);
      return false;
    }
    this.open++;
    if (network !== undefined) this.byNetwork.set(network, before + 1);
    socket.once('close', () => this.release(network));
    return true;
  }

  private release(network: string | undefined): void {
    this.open--;
    if (network === undefined) return;
    const left = (this.byNetwork.get(network) ?? 0) - 1;
    if (left > 0) this.byNetwork.set(network, left);
    else this.byNetwork.delete(network);
  }

  private onTlsError({ code = '', reason, message }: TlsClientError, socket: TLSSocket): void {
    // Node sets it when it rejects a certificate, and its types do not know that there may be none.
    const unauthorized = socket.authorizationError as Error | string | null | undefined;
    const peer = unmapped(socket.remoteAddress ?? '');
    socket.destroy();
    // Health checks of load balancers connect and leave.
    if (code === 'ECONNRESET' && !unauthorized) return;
    const cause = unauthorized ? String(unauthorized) : [code || message, reason].filter(Boolean).join(': ');
    this.refuse(unauthorized ? 'client_certificate' : (REASONS[code] ?? 'handshake'), cause, peer);
  }

  private refuse(reason: ConnectionRefusalReason, cause: string, peer: string): void {
    this.refused.emit({ reason, cause, peer });
  }
}

function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

const REASONS: Readonly<Record<string, ConnectionRefusalReason>> = {
  ERR_SSL_HTTP_REQUEST: 'plain_http',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'handshake_timeout',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'client_certificate',
};

const trustedBy = memoized(compileRanges);
