import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, Inject, Redirect, UseGuards } from '@nestjs/common';
import { AdminGuard } from './admin.guard.js';
import { OverviewService } from './overview.service.js';

/** Shows the state of every upstream, and the transitions that led to it. */
@Controller('admin')
@UseGuards(AdminGuard)
export class AdminController {
  private readonly html = dashboardFile('index.html');
  private readonly script = dashboardFile('dashboard.js');
  private readonly style = dashboardFile('dashboard.css');

  constructor(@Inject(OverviewService) private readonly state: OverviewService) {}

  @Get('overview')
  @Header('Cache-Control', 'no-store')
  overview(): Promise<object> {
    return this.state.read();
  }

  @Get()
  @Redirect('/admin/dashboard')
  home(): void {}

  @Get('dashboard')
  @Header('Content-Type', 'text/html; charset=utf-8')
  dashboard(): string {
    return this.html;
  }

  @Get('dashboard.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  dashboardScript(): string {
    return this.script;
  }

  @Get('dashboard.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  dashboardStyle(): string {
    return this.style;
  }
}

function dashboardFile(name: string): string {
  return readFileSync(join(import.meta.dirname, 'dashboard', name), 'utf8');
}
