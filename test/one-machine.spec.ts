import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestToken } from '../sandbox/request-token.ts';
import { startSandbox } from '../sandbox/start.ts';
import type { Sandbox } from '../sandbox/start.ts';
import { compileGateway } from './support/gateway-process.ts';
import { VALID_DIRECT_DEBIT } from './support/gateway.ts';
import { blocksOf, Shell } from './support/guide.ts';
import { ReservedPort } from './support/reserved-port.ts';

const GUIDE = 'docs/one-machine.md';
const NGINX = '/usr/sbin/nginx';
const SLOW_MS = 120_000;
/** The folders of the machine that the guide writes to. */
const FOLDERS =
  /(?<![\w}.])(?=\/(?:opt|usr\/local|etc\/(?:octane-bff|systemd|nginx)|var\/(?:lib|backups|log))\b)/g;

/** Stand-ins for what only root of a whole machine may do. */
const PROGRAMS = {
  'apt-get': '',
  useradd: '',
  npm: 'if [ "$2" = --omit=dev ]; then ln -s "$(readlink -f "$PROJECT/node_modules")" node_modules; fi',
  runuser: 'shift 3; exec "$@"',
  install: `
    args=()
    while (($#)); do case $1 in -o | -g) shift 2 ;; *) args+=("$1"); shift ;; esac; done
    exec /usr/bin/install "\${args[@]}"`,
  nginx: `exec ${NGINX} -p "$ROOT" -c "$ROOT/etc/nginx/nginx.conf" "$@"`,
  // Does what the units say, as far as one process can.
  systemctl: `
    set -e
    verb=$1; shift
    if [ "$verb" = daemon-reload ]; then exit; fi
    if [ "$1" = --now ]; then shift; fi
    if [ "$verb" = enable ]; then verb=start; fi
    name=\${1%.service}
    case $name in
      nginx) if [ -s "$ROOT/run/nginx.pid" ]; then nginx -s reload; else nginx; fi; exit ;;
      *.timer) test -f "$ROOT/etc/systemd/system/$name"; exit ;;
    esac
    pid=$ROOT/run/$name.pid
    of() { sed -n "s/^$1=//p" "$ROOT/etc/systemd/system/$name.service" | sed 's/%%/%/g'; }
    start() {
      set -a; . "$(of EnvironmentFile)"; set +a
      umask "$(of UMask)"
      mkdir -p "$ROOT/var/lib/$(of StateDirectory)"
      cd "$(of WorkingDirectory)"
      if [ "$(of Type)" = oneshot ]; then of ExecStart > "$ROOT/run/$name.sh"; sh -e "$ROOT/run/$name.sh"; return; fi
      $(of ExecStart) >> "$ROOT/run/$name.log" 2>&1 &
      echo $! > "$pid"
    }
    stop() { kill "$(cat "$pid")"; tail --pid="$(cat "$pid")" -f /dev/null; rm "$pid"; }
    case $verb in
      start) start ;;
      stop) stop ;;
      restart) stop; start ;;
      reload) MAINPID=$(cat "$pid"); eval "$(of ExecReload)" ;;
    esac`,
};

describe(`the guide ${GUIDE}`, () => {
  const blocks = blocksOf(GUIDE).map((block) => ({
    ...block,
    heading: block.title.replace(/, block \d+$/, ''),
  }));
  const done: string[] = [];
  let root: string;
  let sandbox: Sandbox;
  let build: Awaited<ReturnType<typeof compileGateway>>;
  let ports: Record<'api' | 'management' | 'https' | 'http', number>;
  let shell: Shell;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'octane-bff-machine-'));
    const claims = await Promise.all([1, 2, 3, 4].map(() => ReservedPort.claim()));
    const [api = 0, management = 0, https = 0, http = 0] = claims.map(({ number }) => number);
    ports = { api, management, https, http };
    [sandbox, build] = await Promise.all([
      startSandbox({ octane: 0, identityProvider: 0, control: 0 }),
      compileGateway(),
    ]);
    for (const folder of [
      'stand-ins',
      'project',
      'run',
      'opt/node/bin',
      'etc/systemd/system',
      'usr/local/sbin',
      'var/lib',
      'var/backups',
      'var/log/nginx',
      'etc/nginx/sites-available',
      'etc/nginx/sites-enabled',
    ])
      await mkdir(join(root, folder), { recursive: true });
    for (const [name, code] of Object.entries(PROGRAMS)) {
      await writeFile(join(root, 'stand-ins', name), `#!/bin/bash\n${code}\n`);
      await chmod(join(root, 'stand-ins', name), 0o755);
    }
    await symlink(process.execPath, join(root, 'opt/node/bin/node'));
    await symlink(join(build.folder, 'dist'), join(root, 'project/dist'));
    await symlink(join(process.cwd(), 'node_modules'), join(root, 'project/node_modules'));
    for (const file of ['package.json', 'package-lock.json', '.npmrc'])
      await cp(file, join(root, 'project', file));
    for (const folder of ['deploy/systemd', 'deploy/nginx']) {
      await mkdir(join(root, 'project', folder), { recursive: true });
      for (const file of await readdir(folder))
        await writeFile(
          join(root, 'project', folder, file),
          here(await readFile(join(folder, file), 'utf8')),
        );
    }
    // As Debian's, with the parts that a process of its own needs.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${root}/run/${kind};`,
    );
    await writeFile(
      join(root, 'etc/nginx/nginx.conf'),
      `pid ${root}/run/nginx.pid; error_log ${root}/var/log/nginx/error.log;
       events { worker_connections 768; }
       http { ${temporary.join(' ')} include ${root}/etc/nginx/sites-enabled/*; }`,
    );
    shell = new Shell({
      PATH: `${root}/stand-ins:${root}/usr/local/sbin:${process.env['PATH']}`,
      ROOT: root,
      PROJECT: join(root, 'project'),
      MAX_EVENT_LOOP_DELAY_MS: '0',
    });
    await shell.run(`cd ${root}/project`);
  }, SLOW_MS);
  afterAll(async () => {
    await shell.stop();
    for (const file of (await readdir(join(root, 'run'))).filter((name) => name.endsWith('.pid'))) {
      const pid = Number(await readFile(join(root, 'run', file), 'utf8'));
      // The file of an nginx that was only tried is empty.
      if (pid > 0) process.kill(pid);
    }
    await sandbox.close();
    await build.remove();
    // The gateway may still write when it leaves.
    await rm(root, { recursive: true, maxRetries: 10, retryDelay: 200 });
  });

  /** The same text for this machine. */
  function here(text: string): string {
    const { octane, identityProvider } = sandbox;
    return text
      .replaceAll(/^ *listen \[::\].*\n/gm, '')
      .replaceAll('https://benzine.telcoinabox.com/tiab/api', octane.url)
      .replaceAll('https://id.example.com/.well-known/jwks.json', `${identityProvider.issuer}/jwks`)
      .replaceAll('https://id.example.com/', identityProvider.issuer)
      .replaceAll('tiab-user', sandbox.gatewayEnvironment['OCTANE_1001_USERNAME']!)
      .replaceAll('tiab-password', sandbox.gatewayEnvironment['OCTANE_1001_PASSWORD']!)
      .replaceAll(/PORT=3000\b/g, `PORT=${ports.api}`)
      .replaceAll(/PORT=3001\b/g, `PORT=${ports.management}`)
      .replaceAll('127.0.0.1:3000', `127.0.0.1:${ports.api}`)
      .replaceAll('127.0.0.1:3001', `127.0.0.1:${ports.management}`)
      .replaceAll('listen 443', `listen 127.0.0.1:${ports.https}`)
      .replaceAll('listen 80', `listen 127.0.0.1:${ports.http}`)
      .replaceAll('api.example.com:443', `api.example.com:${ports.https}`)
      .replaceAll('https://api.example.com', `https://api.example.com:${ports.https}`)
      .replaceAll(FOLDERS, root);
  }

  /** Runs what stands below a heading. */
  async function follow(heading: string): Promise<string> {
    done.push(heading);
    let printed = '';
    for (const { code } of blocks.filter((block) => block.heading === heading)) {
      printed += await shell.run(here(code));
    }
    return printed;
  }

  async function setDirectDebit(key: string): Promise<Response> {
    const { accessToken } = await requestToken({
      issuer: sandbox.identityProvider.issuer,
      client: 'selfcare-app',
      custno: '700123',
    });
    return fetch(`http://127.0.0.1:${ports.api}/v1/customers/me/direct-debit`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        'x-request-id': `request-${key}`,
      },
      body: JSON.stringify({ directDebit: VALID_DIRECT_DEBIT }),
    });
  }

  it(
    'brings a gateway up',
    async () => {
      for (const heading of [
        'Packages',
        'User and folders',
        'The release',
        'Settings and secrets',
        'The unit',
      ])
        await follow(heading);
      expect((await setDirectDebit('first')).status).toBe(200);
    },
    SLOW_MS,
  );

  it(
    'puts nginx with TLS before it, which tells apps when nobody is behind it',
    async () => {
      if (!existsSync(NGINX)) return void done.push('nginx with TLS');
      await follow('nginx with TLS');
      const ask = `curl -i --cacert ${root}/etc/nginx/octane-bff/certificate.pem \
        --resolve api.example.com:${ports.https}:127.0.0.1 https://api.example.com:${ports.https}/v1/customers/me/direct-debit \
        --json '{}'`;
      expect(await shell.run(ask)).toMatch(
        /^HTTP\/2 401 [^]*strict-transport-security[^]*authentication-required/,
      );
      expect(await shell.run(`curl -i http://127.0.0.1:${ports.http}/problems`)).toMatch(/^HTTP\/1.1 404 /);
      await shell.run('systemctl stop octane-bff');
      const away = await shell.run(ask);
      expect(away).toMatch(
        /^HTTP\/2 503 [^]*retry-after: 2[^]*"code":"overloaded".*"outcome":"not-sent","retryable":true/,
      );
      // What nginx answers by itself is no exception.
      expect(away).toContain('strict-transport-security: max-age=31536000');
      const [, , unit] = blocks.find(({ heading }) => heading === 'The unit')!.code.split('\n');
      await shell.run(here(`systemctl start octane-bff && ${unit}`));
    },
    SLOW_MS,
  );

  it(
    'restores what was there at the backup, keys too',
    async () => {
      const before = await setDirectDebit('before');
      expect(before.status).toBe(200);
      expect(await follow('Backup')).toMatch(/-rw------- .*T\d{6}\.db\n/);
      expect((await setDirectDebit('after')).status).toBe(200);
      const listed = await follow('Restore');
      expect(listed).toMatch(/^at +outcome/m);
      const { stdout } = spawnSync(
        join(root, 'usr/local/sbin/octane-bff'),
        ['dist/journal/cli.js', 'list', '--json'],
        {
          encoding: 'utf8',
          env: { PATH: `${root}/stand-ins:${process.env['PATH']}` },
        },
      );
      const requests = (JSON.parse(stdout) as { requestId: string }[]).map(({ requestId }) => requestId);
      expect(requests).toEqual(['request-before', 'request-first']);
      const again = await setDirectDebit('before');
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(await again.text()).toBe(await before.text());
    },
    SLOW_MS,
  );

  it(
    'takes a new password over without a restart',
    async () => {
      await follow("Rotate Octane's password");
      // The sandbox does not know this one, which shows that it is what Octane gets.
      const refused = await setDirectDebit('rotated');
      expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        502,
        'octane-credentials-rejected',
      ]);
    },
    SLOW_MS,
  );

  it(
    'upgrades, goes back and can be looked into',
    async () => {
      await cp(join(root, 'opt/octane-bff/releases/0.1.0'), join(root, 'opt/octane-bff/releases/0.2.0'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      await follow('Upgrade, and go back');
      expect(await follow('Look inside')).toMatch(/^build_info\{/m);
    },
    SLOW_MS,
  );

  it('is followed to its end', () => {
    expect(new Set(done)).toEqual(new Set(blocks.map(({ heading }) => heading)));
  });
});
