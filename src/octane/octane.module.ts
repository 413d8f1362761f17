import { HttpService } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Axios, AxiosInstance } from 'axios';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { connectorOf } from '../outbound/connector.ts';
import { Names } from '../outbound/names.ts';
import { OctaneClient } from './octane-client.ts';
import { OctaneConnections } from './octane-connections.ts';
import { OctanePolicies } from './octane-policies.ts';
import { OctaneTransport } from './octane-transport.ts';
import { UndiciAxios } from './undici-axios.ts';

@Module({
  providers: [
    {
      provide: OctaneConnections,
      inject: [SETTINGS],
      useFactory: ({ octaneBaseUrl, octaneConnectTimeoutMs }: Settings) =>
        new OctaneConnections(
          new URL(octaneBaseUrl).origin,
          connectorOf({ timeoutMs: octaneConnectTimeoutMs, names: new Names(1) }),
        ),
    },
  ],
  exports: [OctaneConnections],
})
class OctaneConnectionsModule implements OnApplicationShutdown {
  constructor(private readonly connections: OctaneConnections) {}

  async onApplicationShutdown(): Promise<void> {
    await this.connections.close();
  }
}

@Module({
  imports: [OctaneConnectionsModule],
  providers: [
    {
      provide: HttpService,
      inject: [OctaneConnections, SETTINGS],
      useFactory: (connections: OctaneConnections, { octaneBaseUrl }: Settings) =>
        new HttpService(
          new UndiciAxios(
            connections,
            new URL(octaneBaseUrl).pathname.replace(/\/$/, ''),
          ) as Axios as AxiosInstance,
        ),
    },
    OctaneTransport,
    OctanePolicies,
    OctaneClient,
  ],
  exports: [OctaneClient],
})
export class OctaneModule {}
