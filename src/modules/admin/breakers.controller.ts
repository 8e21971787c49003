import { Controller, Get, Header, HttpCode, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { ManualSharing } from '../replicas/manual-sharing.service.js';
import type { AuditEntry, UpstreamOverview } from '../timeline/shapes.js';
import { MANUAL_ACTIONS } from '../upstream/breaker/manual-command.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { oneOf } from './one-of.js';
import { operatorOf } from './operator.js';
import { duration, readBody, reason } from './requests.js';

/** The bodies of the actions; `for` is how long an isolation lasts. */
export const BREAKER_BODY = z.strictObject({ reason: reason() });
export const ISOLATE_BODY = z.strictObject({ reason: reason(), for: duration().optional() });

const ACTIONS = new Map(MANUAL_ACTIONS.map((action) => [action as string, action]));

/** Shows the breakers, and opens, isolates, closes and resets them by hand. */
@Controller('admin/breakers')
@UseGuards(AdminGuard)
export class BreakersController {
  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(ManualSharing) private readonly sharing: ManualSharing,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async all(): Promise<readonly (Pick<UpstreamOverview, 'id'> & UpstreamOverview['breaker'])[]> {
    return (await this.view.upstreams()).map(({ id, breaker }) => ({ id, ...breaker }));
  }

  /**
   * @returns the entry of the audit list, as soon as all processes of this gateway have obeyed
   * @throws ProblemError `unknown_name`, `admin_request_invalid`, or `action_refused` for a breaker in shadow mode
   */
  @Post(':upstream/:action')
  @HttpCode(200)
  async act(
    @Param('upstream') upstream: string,
    @Param('action') name: string,
    @Req() req: Request,
  ): Promise<AuditEntry> {
    const { breaker } = oneOf('upstream', upstream, new Map(Object.entries(this.config.current.upstreams)));
    const action = oneOf('action', name, ACTIONS);
    const body = await readBody<z.output<typeof ISOLATE_BODY>>(
      action === 'isolate' ? ISOLATE_BODY : BREAKER_BODY,
      req,
    );
    if (breaker.mode === 'shadow')
      throw new ProblemError('action_refused', {
        upstream,
        detail: 'The breaker has `mode: shadow`, so it rejects no calls, whatever its state.',
      });
    const command = { upstream, action, lasts: action === 'open' ? breaker.openFor : body.for };
    await this.view.command(command);
    const { lasts } = command;
    const shared = await this.sharing.share(command, body.reason, operatorOf(req));
    const entry = { action: `breaker.${action}`, subject: upstream, reason: body.reason, lasts, shared };
    return this.audit.record(req, entry, upstream);
  }
}
