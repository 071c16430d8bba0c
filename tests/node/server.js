// A coffer server over TLS, for one test.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import vault from 'node-vault';

const DEADLINE = 30_000;

export class Server {
  /** A server that is not initialised; it ends with the test. */
  static async start(test) {
    const binary = process.env.COFFER_BIN;
    if (!binary) throw new Error('COFFER_BIN does not name a built binary: run tests/run');
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), 'coffer-node-'));
    server.makeCertificates();
    const [port, cluster] = [await freePort(), await freePort()];
    server.address = `https://127.0.0.1:${port}`;
    const config = join(server.folder, 'config.hcl');
    writeFileSync(config, `
storage "raft" {
  path = "${server.folder}/data"
  node_id = "vault1"
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${cluster}"
  tls_cert_file = "${server.folder}/leaf.pem"
  tls_key_file = "${server.folder}/leaf-key.pem"
}
api_addr = "${server.address}"
cluster_addr = "https://127.0.0.1:${cluster}"
disable_mlock = true
`);
    const clean = Object.entries(process.env).filter(([name]) => !/^(VAULT|BAO)_/.test(name));
    server.process = spawn(binary, ['server', `-config=${config}`], {
      env: { ...Object.fromEntries(clean), HOME: server.folder },
    });
    server.output = '';
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (chunk) => { server.output += chunk; });
    }
    test.after(() => server.stop());
    await server.answers(() => server.client().status());
    return server;
  }

  /** A server that is initialised and unsealed: with COFFER_THROUGH, one of three nodes, or the proxy before them. */
  static async ready(test) {
    if (process.env.COFFER_THROUGH) return Server.cluster(test, process.env.COFFER_THROUGH);
    const server = await Server.start(test);
    const made = await server.client().init({ secret_shares: 3, secret_threshold: 2 });
    server.keys = made.keys_base64;
    server.root = made.root_token;
    await server.unseal();
    return server;
  }

  static async cluster(test, through) {
    const script = fileURLToPath(new URL('../e2e/cluster_through.py', import.meta.url));
    const cluster = spawn('python3', [script, through], { stdio: ['pipe', 'pipe', 'inherit'] });
    test.after(async () => {
      cluster.stdin.end();
      if (cluster.exitCode === null) await once(cluster, 'exit');
    });
    const server = Object.assign(new Server(), { through, process: cluster });
    const [line] = await Promise.race([once(createInterface(cluster.stdout), 'line'), once(cluster, 'exit')]);
    return Object.assign(server, JSON.parse(line));
  }

  async unseal() {
    for (const key of this.keys.slice(0, 2)) await this.client().unseal({ key });
    await this.answers(async () => {
      const health = await this.client().health();
      const standby = this.through === 'standby';
      if (!health.initialized || health.sealed || health.standby !== standby) throw new Error(JSON.stringify(health));
    });
  }

  client(token) {
    const ca = readFileSync(this.ca ?? join(this.folder, 'ca.pem'));
    const client = vault({ endpoint: this.address, requestOptions: { ca } });
    client.token = token;
    return client;
  }

  /** Asks until it goes well: there is no event for a port of another process. */
  async answers(ask) {
    for (const deadline = Date.now() + DEADLINE; ; await pause(20)) {
      try {
        return await ask();
      } catch (error) {
        if (Date.now() > deadline || this.process.exitCode !== null) throw new Error(`${error}\n${this.output}`);
      }
    }
  }

  async stop() {
    const ended = this.process.exitCode !== null ? [this.process.exitCode] : once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const [code] = await ended;
    rmSync(this.folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the server ended with ${code}\n${this.output}`);
  }

  makeCertificates() {
    const openssl = (...args) => execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    writeFileSync(join(this.folder, 'leaf.cnf'), `basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
`);
    openssl('req', '-x509', ...ec, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', '365', '-subj', '/CN=Vault Root CA');
    openssl('req', '-new', ...ec, '-keyout', 'leaf-key.pem', '-out', 'leaf.csr', '-subj', '/CN=vault1.example.com');
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '365',
      '-extfile', 'leaf.cnf', '-out', 'leaf.pem');
  }
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}
