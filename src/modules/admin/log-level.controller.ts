import { Controller, Delete, Get, Header, Inject, Put, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { LogLevel } from '../config/log-level.js';
import { LOG_LEVELS } from '../config/schema/log.js';
import type { AuditEntry, Overview } from '../timeline/shapes.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { REASON_BODY } from './faults.controller.js';
import { levelOf } from './gateway-state.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { readBody, reason, shortTime } from './requests.js';

const LEVELS = `one of ${LOG_LEVELS.join(', ')}`;

export const LEVEL_BODY = z.strictObject({
  level: z.enum(LOG_LEVELS, LEVELS),
  for: shortTime(),
  reason: reason(),
});

/** Sets the level of the log for some time, and shows it. */
@Controller('admin/log-level')
@UseGuards(AdminGuard)
export class LogLevelController {
  constructor(
    @Inject(LogLevel) private readonly level: LogLevel,
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  read(): Overview['gateway']['logLevel'] {
    return levelOf(this.level);
  }

  /** @throws ProblemError `admin_request_invalid` */
  @Put()
  async set(@Req() req: Request): Promise<AuditEntry> {
    const { level, for: lasts, reason: why } = await readBody(LEVEL_BODY, req);
    await this.view.logLevel({ level, lasts });
    return this.audit.record(req, { action: 'log-level.set', subject: level, reason: why, lasts });
  }

  /** @throws ProblemError `admin_request_invalid` */
  @Delete()
  async reset(@Req() req: Request): Promise<AuditEntry> {
    const { reason: why } = await readBody(REASON_BODY, req);
    await this.view.logLevel(undefined);
    return this.audit.record(req, { action: 'log-level.reset', reason: why });
  }
}
