import { BadRequestException, Body, Controller, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { CallerGuard } from './caller.guard.ts';
import { DirectDebitService } from './direct-debit.service.ts';
import type { User } from './jwt.strategy.ts';
import { SetDirectDebitDto } from './set-direct-debit.dto.ts';

@Controller('v1/customers')
@UseGuards(AuthGuard('jwt'), CallerGuard)
export class DirectDebitController {
  constructor(private readonly directDebits: DirectDebitService) {}

  @Post(':custno/direct-debit')
  @HttpCode(200)
  async set(
    @Req() request: { user: User },
    @Param('custno') custno: string,
    @Body() body: SetDirectDebitDto,
  ): Promise<unknown> {
    if (!/^[1-9][0-9]{0,9}$/.test(custno)) throw new BadRequestException();
    return this.directDebits.set(request.user.groupno ?? '', custno, body);
  }
}
