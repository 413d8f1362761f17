import { createPortal } from './portal.ts';

/** The sandbox's, unless told otherwise. */
const {
  GATEWAY_URL = 'http://localhost:3000',
  TOKEN_URL = 'http://localhost:4002/token',
  CLIENT_ID = 'portal-backend',
  CLIENT_SECRET = 'sandbox-only-portal-backend',
  PORT = '8080',
} = process.env;

createPortal({
  gatewayUrl: GATEWAY_URL,
  tokenUrl: TOKEN_URL,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
}).listen(Number(PORT), '127.0.0.1', () => console.log(`The portal listens on http://127.0.0.1:${PORT}`));
