import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { DirectDebitController } from './direct-debit.controller.ts';
import { DirectDebitService } from './direct-debit.service.ts';
import { JwtStrategy } from './jwt.strategy.ts';

@Module({
  imports: [PassportModule, HttpModule],
  controllers: [DirectDebitController],
  providers: [DirectDebitService, JwtStrategy],
})
export class AppModule {}
