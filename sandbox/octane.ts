import { Faults } from './faults.ts';
import { listen } from './listen.ts';
import { basePath, octaneApi } from './octane-api.ts';
import { controlApi } from './octane-control.ts';
import { OctaneRecords } from './octane-records.ts';

export interface Octane {
  /** What the gateway takes as OCTANE_BASE_URL. */
  url: string;
  controlUrl: string;
  close: () => Promise<void>;
}

/**
 * Starts a local Octane with the groups and customers of the seed, and its control API. Port 0 picks a free one.
 *
 * @throws the system's error, with `code` and `port`, when a port cannot be had
 */
export async function startOctane(options: {
  port: number;
  controlPort: number;
  host?: string | undefined;
}): Promise<Octane> {
  const records = new OctaneRecords();
  const faults = new Faults();
  const api = await listen(octaneApi(records, faults), options.port, options.host);
  try {
    const control = await listen(controlApi(records, faults), options.controlPort, options.host);
    return {
      url: `http://127.0.0.1:${api.port}${basePath}`,
      controlUrl: `http://127.0.0.1:${control.port}`,
      close: async () => {
        await Promise.all([api.close(), control.close()]);
      },
    };
  } catch (error) {
    await api.close();
    throw error;
  }
}
