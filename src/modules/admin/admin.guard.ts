import { isIP } from 'node:net';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { ManagementToken } from '../config/management-token.js';
import { credentialsOf, peerOf } from './operator.js';

const LOOPBACK = /^(127\.|::1$|localhost$)/;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Admits requests with the management token, as a bearer token or, from a browser, as the password of any user. When no
 * token is configured, only a management port on loopback is open, and only under an IP address or `localhost`: any
 * other name may belong to a web page whose DNS entry points here in order to read the answers (DNS rebinding). A proxy on
 * this machine, which can be the gateway itself, brings requests of others to loopback, so that what has passed one needs the
 * token.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(ManagementToken) private readonly token: ManagementToken,
  ) {}

  /**
   * @throws ProblemError `admin_token_required`, `admin_attempts_exceeded`, or `admin_header_required` on a change that a
   *   page of another site makes a browser send, with the password that the browser remembers
   */
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const req = http.getRequest<Request>();
    if (!this.isAdmitted(req)) {
      http.getResponse<Response>().setHeader('WWW-Authenticate', 'Basic realm="breakwater"');
      throw new ProblemError('admin_token_required');
    }
    if (!READS.has(req.method) && req.headers['x-breakwater-action'] === undefined) {
      const detail = 'Send the header `X-Breakwater-Action: 1` with requests that change something.';
      throw new ProblemError('admin_header_required', { detail });
    }
    return true;
  }

  private isAdmitted(req: Request): boolean {
    const { management } = this.config.current;
    const { host, authorization } = req.headers;
    if (management.token === '')
      return LOOPBACK.test(management.host) && isOwnName(host) && !hasPassedProxy(req);
    const peer = peerOf(req);
    this.token.check(peer, 'management');
    const given = credentialsOf(authorization)?.token;
    return given !== undefined && this.token.isRight(given, peer, 'management');
  }
}

function isOwnName(host = ''): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || /^(?:.+\.)?localhost$/i.test(name);
}

function hasPassedProxy({ headers }: Request): boolean {
  return ['via', 'forwarded', 'x-forwarded-for'].some((name) => headers[name] !== undefined);
}
