// A session over TLS through node-vault.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server } from './server.js';

/** That a call is refused with this status; gives the message. */
async function refused(call, status) {
  try {
    await call;
  } catch (error) {
    assert.equal(error.response?.statusCode, status, `${error}`);
    return error.message;
  }
  assert.fail('it was not refused');
}

test('init, unseal, health and seal', async (t) => {
  const server = await Server.start(t);
  const client = server.client();
  assert.equal((await client.initialized()).initialized, false);
  const made = await client.init({ secret_shares: 3, secret_threshold: 2 });
  assert.equal(made.keys.length, 3);
  assert.match(made.root_token, /^hvs\./);
  assert.equal((await client.unseal({ key: made.keys[0] })).progress, 1);
  assert.equal((await client.unseal({ reset: true })).progress, 0);
  server.keys = made.keys_base64;
  await server.unseal();
  assert.equal((await client.status()).sealed, false);
  client.token = made.root_token;
  await client.seal();
  assert.equal((await client.status()).sealed, true);
  assert.match(await refused(client.mounts(), 503), /sealed/);
});

test('KV of both versions', async (t) => {
  const server = await Server.ready(t);
  const client = server.client(server.root);
  await client.mount({ mount_point: 'plain', type: 'kv' });
  await client.write('plain/a/b', { user: 'ann', count: 3 });
  assert.deepEqual((await client.read('plain/a/b')).data, { user: 'ann', count: 3 });
  assert.deepEqual((await client.list('plain')).data.keys, ['a/']);
  await client.delete('plain/a/b');
  await refused(client.read('plain/a/b'), 404);

  await client.mount({ mount_point: 'secret', type: 'kv', options: { version: '2' } });
  await client.write('secret/data/app', { data: { password: 'one' }, options: { cas: 0 } });
  const again = refused(client.write('secret/data/app', { data: {}, options: { cas: 0 } }), 400);
  assert.match(await again, /check-and-set parameter did not match/);
  await client.update('secret/data/app', { data: { user: 'ann' } });
  const { data } = await client.read('secret/data/app');
  assert.deepEqual(data.data, { password: 'one', user: 'ann' });
  assert.equal(data.metadata.version, 2);
  await client.delete('secret/metadata/app');
  await refused(client.read('secret/data/app'), 404);
});

test('policies, tokens and wrapping', async (t) => {
  const server = await Server.ready(t);
  const client = server.client(server.root);
  const rules = 'path "cubbyhole/*" { capabilities = ["read"] }';
  await client.addPolicy({ name: 'reader', rules });
  assert.equal((await client.getPolicy({ name: 'reader' })).rules, rules);
  // node-vault goes on with a token that it made.
  const { auth } = await server.client(server.root).tokenCreate({ policies: ['reader'], ttl: '1h', renewable: true });
  const reader = server.client(auth.client_token);
  assert.deepEqual((await reader.tokenLookupSelf()).data.policies, ['default', 'reader']);
  assert.equal((await reader.tokenRenewSelf({ increment: 1800 })).auth.lease_duration, 1800);
  await refused(reader.mounts(), 403);
  await client.tokenRevokeAccessor({ accessor: auth.accessor });
  await refused(reader.tokenLookupSelf(), 403);

  const wrapped = await client.read('sys/seal-status', { headers: { 'X-Vault-Wrap-TTL': '60s' } });
  assert.equal(wrapped.sealed, false, 'an answer without a secret is not wrapped');
  const headers = { 'X-Vault-Token': server.root, 'X-Vault-Wrap-TTL': '60s' };
  const made = await client.tokenCreate({ policies: ['reader'], requestOptions: { headers } });
  const opened = await client.unwrap({ token: made.wrap_info.token });
  assert.equal(opened.auth.token_policies[1], 'reader');
  await refused(client.unwrap({ token: made.wrap_info.token }), 400);
});

test('userpass and AppRole logins', async (t) => {
  const server = await Server.ready(t);
  const client = server.client(server.root);
  await client.enableAuth({ mount_point: 'userpass', type: 'userpass' });
  await client.write('auth/userpass/users/ann', { password: 'pw', token_ttl: '1h' });
  const ann = server.client();
  const login = await ann.userpassLogin({ username: 'ann', password: 'pw' });
  assert.equal(login.auth.metadata.username, 'ann');
  assert.equal((await ann.tokenLookupSelf()).data.path, 'auth/userpass/login/ann');
  await refused(server.client().userpassLogin({ username: 'ann', password: 'no' }), 400);

  await client.enableAuth({ mount_point: 'approle', type: 'approle' });
  await client.addApproleRole({ role_name: 'web', token_policies: 'default', secret_id_num_uses: 1 });
  const { role_id } = (await client.getApproleRoleId({ role_name: 'web' })).data;
  const { secret_id } = (await client.getApproleRoleSecret({ role_name: 'web' })).data;
  const web = server.client();
  assert.equal((await web.approleLogin({ role_id, secret_id })).auth.metadata.role_name, 'web');
  await refused(server.client().approleLogin({ role_id, secret_id }), 400);
});

test('audit, rekey and rotation', async (t) => {
  const server = await Server.ready(t);
  const client = server.client(server.root);
  const log = join(server.folder, 'audit.log');
  await client.enableAudit({ name: 'file', type: 'file', options: { file_path: log } });
  assert.equal((await client.audits()).data['file/'].type, 'file');
  await client.write('cubbyhole/x', { value: 'canary-for-the-log' });
  assert.ok(!readFileSync(log, 'utf8').includes('canary'));
  await client.disableAudit({ name: 'file' });

  await client.rotate();
  assert.equal((await client.read('sys/key-status')).data.term, 2);
  const { nonce } = await client.write('sys/rekey/init', { secret_shares: 2, secret_threshold: 2 });
  let last;
  for (const key of server.keys) {
    last = await client.write('sys/rekey/update', { key, nonce });
    if (last.complete) break;
  }
  assert.ok(last.complete);
  // Behind the proxy it would be any node that is sealed.
  if (server.through === 'front') return;
  await client.seal();
  server.keys = last.keys_base64;
  await server.unseal();
});
