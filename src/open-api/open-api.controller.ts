import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../operations/access.decorators.ts';
import { OpenApi } from './open-api.ts';

@Controller('openapi.json')
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get()
  @Public()
  @Header('content-type', 'application/json; charset=utf-8')
  async document(): Promise<Buffer> {
    return (await this.openApi.reference).json;
  }
}
