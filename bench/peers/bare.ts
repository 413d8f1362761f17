/** The least that a Node process can do between an app and Octane: it checks nothing. */
import { createServer } from 'node:http';
import { Pool } from 'undici';

const { PORT, OCTANE_ORIGIN, OCTANE_PATH, OCTANE_USERNAME, OCTANE_PASSWORD, GROUPNO } = process.env;
const pool = new Pool(OCTANE_ORIGIN!, { connections: 64 });
const authorization = `Basic ${Buffer.from(`${OCTANE_USERNAME}:${OCTANE_PASSWORD}`).toString('base64')}`;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    forward(request.url ?? '', Buffer.concat(chunks)).then(
      ({ status, body }) =>
        response
          .writeHead(status, {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          })
          .end(body),
      () => response.writeHead(502, { 'content-length': 0 }).end(),
    );
  });
});
server.listen(Number(PORT), '127.0.0.1');

async function forward(url: string, body: Buffer): Promise<{ status: number; body: string }> {
  const answer = await pool.request({
    method: 'POST',
    path: `${OCTANE_PATH}${url.replace('/v1/customers/', `/v1/group/${GROUPNO}/customer/`)}`,
    headers: { 'content-type': 'application/json', authorization },
    body,
  });
  return { status: answer.statusCode, body: await answer.body.text() };
}
