import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.ts';
import { OpenApiController } from './open-api.controller.ts';
import { OpenApi } from './open-api.ts';

@Module({ controllers: [OpenApiController, DocsController], providers: [OpenApi] })
export class OpenApiModule {}
