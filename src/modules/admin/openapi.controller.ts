import { readFileSync } from 'node:fs';
import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { AdminGuard } from './admin.guard.js';

/** `GET /admin/openapi.json`: the endpoints of the management port, for tools. `npm run docs` writes the document. */
@Controller('admin/openapi.json')
@UseGuards(AdminGuard)
export class OpenApiController {
  @Get()
  @Header('Content-Type', 'application/json')
  read(): string {
    return readFileSync(new URL('openapi.json', import.meta.url), 'utf8');
  }
}
