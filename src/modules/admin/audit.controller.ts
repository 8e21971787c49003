import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import type { AuditEntry } from '../timeline/shapes.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';

/** `GET /admin/audit`: who has changed something, and why. */
@Controller('admin/audit')
@UseGuards(AdminGuard)
export class AuditController {
  constructor(@Inject(AuditLog) private readonly audit: AuditLog) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  list(): { entries: readonly AuditEntry[] } {
    return { entries: this.audit.latest };
  }
}
