import { Controller, Get, Injectable, Inject, type INestApplication, UseGuards } from '@nestjs/common';
import { AdminGuard } from './admin.guard.js';
import { openApiDocument } from './openapi.document.js';

/** The application that the document describes, which exists after its providers. */
@Injectable()
export class ManagementApplication {
  app: INestApplication | undefined;
}

/** `GET /admin/openapi.json`: the endpoints of the management port, for tools. */
@Controller('admin/openapi.json')
@UseGuards(AdminGuard)
export class OpenApiController {
  private document: Promise<object> | undefined;

  constructor(@Inject(ManagementApplication) private readonly management: ManagementApplication) {}

  @Get()
  read(): Promise<object> {
    const { app } = this.management;
    if (!app) throw new Error('The management port is not set up.');
    return (this.document ??= openApiDocument(app));
  }
}
