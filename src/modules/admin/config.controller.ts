import { Controller, Get, Header, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigReloader, type ConfigStatus } from '../config/reload/config-reloader.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';

/** Shows which configuration is in force, without its values, and reads it again. */
@Controller('admin/config')
@UseGuards(AdminGuard)
export class ConfigController {
  constructor(
    @Inject(ConfigReloader) private readonly reloader: ConfigReloader,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  status(): ConfigStatus {
    return this.reloader.status;
  }

  /** @throws ProblemError `config_invalid` */
  @Post('reload')
  @HttpCode(200)
  async reload(@Req() req: Request): Promise<ConfigStatus> {
    this.audit.record(req, { action: 'config.reload' });
    const { error } = await this.reloader.reload('admin');
    if (error !== undefined) throw new ProblemError('config_invalid', { detail: error });
    return this.reloader.status;
  }
}
