import { HttpService } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { OctaneTls } from '../config/octane-tls.ts';
import { connectorOf } from '../outbound/connector.ts';
import { Names } from '../outbound/names.ts';
import { outboundProxy } from '../outbound/proxy.ts';
import { CredentialsLockout } from './credentials-lockout.ts';
import { octaneAxios } from './octane-axios.ts';
import type { AxiosSettings } from './octane-axios.ts';
import { OctaneClient } from './octane-client.ts';
import { OctaneConnections } from './octane-connections.ts';
import { OctanePolicies } from './octane-policies.ts';
import { OctaneTransport } from './octane-transport.ts';

@Module({
  providers: [
    {
      provide: OctaneConnections,
      inject: [SETTINGS, LiveGatewayConfig],
      useFactory: (
        settings: Pick<Settings, 'octaneBaseUrl' | 'octaneConnectTimeoutMs' | 'httpsProxy' | 'noProxy'>,
        gateway: LiveGatewayConfig,
      ) => {
        const timeoutMs = settings.octaneConnectTimeoutMs;
        const names = new Names(1);
        const proxy = outboundProxy(settings);
        let tls: OctaneTls | undefined;
        const connections = new OctaneConnections(new URL(settings.octaneBaseUrl).origin);
        gateway.follow(({ octaneTls }) => {
          if (tls?.isSameAs(octaneTls)) return;
          tls = octaneTls;
          connections.connectBy(connectorOf({ timeoutMs, names, proxy, tls: octaneTls.options() }));
        });
        return connections;
      },
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
      useFactory: (connections: OctaneConnections, settings: AxiosSettings) =>
        new HttpService(octaneAxios(connections, settings)),
    },
    OctaneTransport,
    CredentialsLockout,
    OctanePolicies,
    OctaneClient,
  ],
  exports: [OctaneClient],
})
export class OctaneModule {}
