import { Controller, Get, Header, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigRefusedError, ConfigStore } from '../config/config.store.js';
import { redactedJson } from '../config/redact.js';
import { type ConfigPreview, ConfigReloader, type ConfigStatus } from '../config/reload/config-reloader.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { OPTIONAL_REASON_BODY, readBody, textOf } from './requests.js';

/** Bytes of a configuration to compare with. */
const MAX_TEXT = 16 * 1024 * 1024;

/** Shows which configuration is in force, without its values, and reads it again. */
@Controller('admin/config')
@UseGuards(AdminGuard)
export class ConfigController {
  constructor(
    @Inject(ConfigReloader) private readonly reloader: ConfigReloader,
    @Inject(ConfigStore) private readonly store: ConfigStore,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  status(): ConfigStatus {
    return this.reloader.status;
  }

  /** @returns the configuration in force with its defaults; durations are milliseconds, and sizes are bytes */
  @Get('effective')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  effective(): string {
    return redactedJson(this.store.current);
  }

  /**
   * Compares with what is in force: the text in the body, or without one, the file as it is now.
   *
   * @throws ProblemError `config_invalid`
   */
  @Post('diff')
  @HttpCode(200)
  async diff(@Req() req: Request): Promise<ConfigPreview> {
    const text = await textOf(req, MAX_TEXT);
    try {
      return await this.reloader.preview(text === '' ? undefined : text);
    } catch (error) {
      if (!(error instanceof ConfigRefusedError)) throw error;
      throw new ProblemError('config_invalid', { detail: error.message });
    }
  }

  /** @throws ProblemError `config_invalid` or `admin_request_invalid` */
  @Post('reload')
  @HttpCode(200)
  async reload(@Req() req: Request): Promise<ConfigStatus> {
    const { reason } = await readBody(OPTIONAL_REASON_BODY, req);
    this.audit.record(req, { action: 'config.reload', reason });
    const { error } = await this.reloader.reload('admin');
    if (error !== undefined) throw new ProblemError('config_invalid', { detail: error });
    return this.reloader.status;
  }
}
