import { Module } from '@nestjs/common';
import { ParserErrors } from './parser-errors.ts';
import { PeerAddress } from './peer-address.ts';
import { ProblemFilter } from './problem.filter.ts';
import { RouteTable } from './route-table.ts';

/** What is known of messages before anybody knows what they ask for, and how any of them is refused. */
@Module({
  providers: [ParserErrors, PeerAddress, ProblemFilter, RouteTable],
  exports: [ParserErrors, PeerAddress, ProblemFilter, RouteTable],
})
export class HttpModule {}
