import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { Controller, Get, Header, NotFoundException, Param, Redirect, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { AdminGuard } from './admin.guard.js';

const FOLDER = join(import.meta.dirname, 'dashboard');
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const require = createRequire(import.meta.url);
/** By extension. What has another one is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the dashboard: one page at the root, and the files that it refers to. */
@Controller()
@UseGuards(AdminGuard)
export class DashboardController {
  private readonly page = readFileSync(join(FOLDER, 'index.html'), 'utf8');
  private readonly files = new Map([
    ...globSync(['*', 'page/*'], { cwd: FOLDER }).map(
      (path) => [path.replaceAll('\\', '/'), join(FOLDER, path)] as const,
    ),
    ['page/uplot.js', require.resolve('uplot/dist/uPlot.esm.js')],
    ['uplot.css', require.resolve('uplot/dist/uPlot.min.css')],
  ]);

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  @Header('Cache-Control', 'no-cache')
  root(): string {
    return this.page;
  }

  @Get(['admin', 'admin/dashboard'])
  @Redirect('/')
  formerAddress(): void {}

  @Get('dashboard/*path')
  @Header('Cache-Control', 'no-cache')
  file(@Param('path') path: string | readonly string[], @Res({ passthrough: true }) res: Response): string {
    const name = typeof path === 'string' ? path : path.join('/');
    const [file, type] = [this.files.get(name), TYPES[extname(name)]];
    if (file === undefined || type === undefined) throw new NotFoundException();
    res.setHeader('Content-Type', type);
    return readFileSync(file, 'utf8');
  }
}
