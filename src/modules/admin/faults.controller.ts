import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { RATIO } from '../../common/units.js';
import { ConfigStore } from '../config/config.store.js';
import type { FaultConfig } from '../config/gateway-config.js';
import { RuntimeFaults } from '../proxy/runtime-faults.js';
import type { AuditEntry, FaultOverview } from '../timeline/shapes.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { faultsOf } from './fault-overview.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { oneOf } from './one-of.js';
import { readBody, reason, shortTime } from './requests.js';

const STATUS = 'a status from 400 to 599';
const ratio = () =>
  z
    .string(RATIO.forms)
    .refine((text) => RATIO.parse(text) !== undefined, RATIO.forms)
    .transform((text) => RATIO.parse(text) ?? 0);

export const FAULT_BODY = z
  .strictObject({
    /** How long requests are delayed. */
    delay: shortTime().optional(),
    /** The status that requests are answered with. */
    abort: z.int(STATUS).min(400, STATUS).max(599, STATUS).optional(),
    /** Share of the requests. */
    percent: ratio().prefault('100%'),
    for: shortTime(),
    reason: reason(),
  })
  .refine(({ delay, abort }) => delay !== undefined || abort !== undefined, 'delay, abort or both');
export const REASON_BODY = z.strictObject({ reason: reason() });

/** Injects faults into a route for some time, to practise for outages. */
@Controller('admin/faults')
@UseGuards(AdminGuard)
export class FaultsController {
  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(RuntimeFaults) private readonly faults: RuntimeFaults,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  all(): { faults: readonly FaultOverview[] } {
    return { faults: faultsOf(this.config.current, this.faults) };
  }

  /** @throws ProblemError `unknown_name` or `admin_request_invalid` */
  @Post(':route')
  @HttpCode(200)
  async set(@Param('route') route: string, @Req() req: Request): Promise<AuditEntry> {
    this.checkRoute(route);
    const { delay, abort, percent, for: lasts, reason: why } = await readBody(FAULT_BODY, req);
    const fault: FaultConfig = {
      delay: delay === undefined ? undefined : { percent, for: delay },
      abort: abort === undefined ? undefined : { percent, status: abort },
    };
    await this.view.fault({ route, fault, lasts });
    return this.audit.record(req, { action: 'fault.set', subject: route, reason: why, lasts });
  }

  /** @throws ProblemError `unknown_name` or `admin_request_invalid` */
  @Delete(':route')
  async clear(@Param('route') route: string, @Req() req: Request): Promise<AuditEntry> {
    this.checkRoute(route);
    const { reason: why } = await readBody(REASON_BODY, req);
    await this.view.fault({ route, fault: undefined, lasts: 0 });
    return this.audit.record(req, { action: 'fault.clear', subject: route, reason: why });
  }

  private checkRoute(route: string): void {
    oneOf('route', route, new Map(this.config.current.routes.map(({ id }) => [id, id])));
  }
}
