import { Controller, Get, Header, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigReloader, type ConfigStatus } from '../config/reload/config-reloader.js';
import { AdminGuard } from './admin.guard.js';

/** Shows which configuration is in force, without its values, and reads it again. */
@Controller('admin/config')
@UseGuards(AdminGuard)
export class ConfigController {
  constructor(@Inject(ConfigReloader) private readonly reloader: ConfigReloader) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  status(): ConfigStatus {
    return this.reloader.status;
  }

  /** @throws ProblemError `config_invalid` */
  @Post('reload')
  @HttpCode(200)
  async reload(): Promise<ConfigStatus> {
    const { error } = await this.reloader.reload('admin');
    if (error !== undefined) throw new ProblemError('config_invalid', { detail: error });
    return this.reloader.status;
  }
}
