import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.ts';
import { OpenApiController } from './open-api.controller.ts';
import { OpenApi } from './open-api.ts';
import { StartPageController } from './start-page.controller.ts';

@Module({ controllers: [OpenApiController, DocsController, StartPageController], providers: [OpenApi] })
export class OpenApiModule {}
