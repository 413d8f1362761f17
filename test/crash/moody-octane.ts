import { answerProperly } from '../support/scripted-octane.ts';
import type { Script } from '../support/scripted-octane.ts';
import type { Random } from './random.ts';

/**
 * Mostly answers properly and soon; now and then slowly, too late, with a refusal or a failure, or not at all.
 *
 * @param timeoutMs the gateway's patience
 */
export function moodyOctane(random: Random, timeoutMs: number): Script {
  return (hit, response, socket) => {
    const mood = random.next();
    const later = (ms: number): void => void setTimeout(() => answerProperly(hit, response, socket), ms);
    if (mood < 0.55) answerProperly(hit, response, socket);
    else if (mood < 0.8) later(random.between(1, timeoutMs / 4));
    else if (mood < 0.83) later(timeoutMs * 1.5);
    else if (mood < 0.87) socket.resetAndDestroy();
    else if (mood < 0.94) response.writeHead(422).end();
    else if (mood < 0.96) response.writeHead(503).end();
    else if (mood < 0.98) response.writeHead(500).end();
    else response.end('not what was agreed');
  };
}
