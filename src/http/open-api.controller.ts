import { Controller, Get } from '@nestjs/common';
import { Public } from '../auth/access.decorators.ts';
import { OpenApi } from './open-api.ts';

@Controller('openapi.json')
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get()
  @Public()
  document(): object {
    return this.openApi.document;
  }
}
