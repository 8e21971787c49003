import { Controller, HttpCode, Inject, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { isTokenId, TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { invalid, OPTIONAL_REASON_BODY, readBody } from './requests.js';

/** Revokes a token before it expires: `POST /admin/tokens/revoke?jti=7f3c&exp=1800000000`. */
@Controller('admin/tokens')
@UseGuards(AdminGuard)
export class TokensController {
  constructor(
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  /**
   * @param exp expiry of the token in seconds since the epoch
   * @returns whether the revocation reaches other gateways
   * @throws ProblemError `revocation_not_shared` or `admin_request_invalid`
   */
  @Post('revoke')
  @HttpCode(200)
  async revoke(
    @Query('jti') jti: unknown,
    @Query('exp') exp: unknown,
    @Req() req: Request,
  ): Promise<{ revoked: string; shared: boolean }> {
    if (typeof jti !== 'string' || !isTokenId(jti)) {
      throw invalid('jti: expected the id of a token, of at most 512 characters');
    }
    // A value in milliseconds would by mistake deny the token for ever.
    if (typeof exp !== 'string' || !/^\d{1,11}(\.\d+)?$/.test(exp)) {
      throw invalid('exp: expected when the token expires, in seconds since the epoch');
    }
    const { reason } = await readBody(OPTIONAL_REASON_BODY, req);
    const denial = { id: jti, expiresAt: Number(exp) };
    if (this.denylist.isOver(denial))
      throw invalid('exp: expected the future, and the token has expired already');
    const outcome = await this.view.deny(denial);
    this.audit.record(req, { action: 'token.revoke', subject: jti, reason });
    if (outcome === 'unshared') throw new ProblemError('revocation_not_shared');
    return { revoked: jti, shared: outcome === 'shared' };
  }
}
