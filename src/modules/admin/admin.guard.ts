import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/**
 * Admits requests with the management token, as a bearer token or, from a browser, as the password of any user. When no
 * token is configured, only a management port on loopback is open, and only under an IP address or `localhost`: any
 * other name may belong to a web page whose DNS entry points here in order to read the answers (DNS rebinding).
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(@Inject(ConfigStore) private readonly config: ConfigStore) {}

  /**
   * @throws ProblemError `admin_token_required`
   * @throws ForbiddenException on a POST that a page of another site makes a browser send, with the password that the
   *   browser remembers
   */
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { method, headers } = http.getRequest<Request>();
    if (!this.isAdmitted(headers)) {
      http.getResponse<Response>().setHeader('WWW-Authenticate', 'Basic realm="breakwater"');
      throw new ProblemError('admin_token_required');
    }
    const site = headers['sec-fetch-site'] ?? 'none';
    if (method === 'POST' && site !== 'same-origin' && site !== 'none') throw new ForbiddenException();
    return true;
  }

  private isAdmitted({ host, authorization }: IncomingHttpHeaders): boolean {
    const { management } = this.config.current;
    if (management.token === '') return LOOPBACK.test(management.host) && isOwnName(host);
    const given = tokenOf(authorization);
    // Digests have equal length, so the time of the comparison reveals nothing.
    return given !== undefined && timingSafeEqual(digest(given), digest(management.token));
  }
}

function isOwnName(host = ''): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return isIP(name) !== 0 || /^(?:.+\.)?localhost$/i.test(name);
}

function tokenOf(field: string | undefined): string | undefined {
  const [scheme, credentials] = field?.split(' ') ?? [];
  if (credentials === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return credentials;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  // RFC 7617 section 2: a user name without a colon, a colon, and the password.
  return Buffer.from(credentials, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '');
}

const digest = (text: string) => createHash('sha256').update(text).digest();
