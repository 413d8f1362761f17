import { HttpService } from '@nestjs/axios';
import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Axios, AxiosInstance } from 'axios';
import { Pool } from 'undici';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { OctaneClient } from './octane-client.ts';
import { OctanePolicies } from './octane-policies.ts';
import { OctaneTransport } from './octane-transport.ts';
import { connectWithin } from './connect-within.ts';
import { UndiciAxios } from './undici-axios.ts';

const CONNECTIONS = Symbol('OctaneConnections');

@Module({
  providers: [
    {
      provide: CONNECTIONS,
      inject: [SETTINGS],
      useFactory: ({ octaneBaseUrl, octaneConnectTimeoutMs, octaneMaxInFlight }: Settings): Pool =>
        new Pool(new URL(octaneBaseUrl).origin, {
          connections: octaneMaxInFlight,
          allowH2: false,
          connect: connectWithin(octaneConnectTimeoutMs),
        }),
    },
  ],
  exports: [CONNECTIONS],
})
class OctaneConnectionsModule implements OnApplicationShutdown {
  constructor(@Inject(CONNECTIONS) private readonly pool: Pool) {}

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }
}

@Module({
  imports: [OctaneConnectionsModule],
  providers: [
    {
      provide: HttpService,
      inject: [CONNECTIONS, SETTINGS],
      useFactory: (pool: Pool, { octaneBaseUrl }: Settings) =>
        new HttpService(
          new UndiciAxios(pool, new URL(octaneBaseUrl).pathname.replace(/\/$/, '')) as Axios as AxiosInstance,
        ),
    },
    OctaneTransport,
    OctanePolicies,
    OctaneClient,
  ],
  exports: [OctaneClient],
})
export class OctaneModule {}
