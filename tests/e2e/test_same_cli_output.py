"""One session over TLS, typed into our client and into the reference's, each on a coffer server of its own: both print the
same and end with the same code. (cli/tests does that against the reference's server; here init, seal and the server's own
answers come in.)"""

import json
import os
import re

import pytest

from harness import Cli, Server, reference_binary

POLICY = 'path "secret/data/*" {\n  capabilities = ["read"]\n}\n'


class Pair:
    def __init__(self, binary, certificates, folder):
        self.clis, self.captured, self.differences = [], [{}, {}], []
        for number, program in enumerate((binary, reference_binary())):
            home = folder / str(number)
            home.mkdir()
            server = Server(binary, home, certificates)
            server.start()
            # Hints name the program as it was called.
            named = home / "vault"
            os.symlink(program, named)
            self.clis.append(Cli(str(named), server))

    def stop(self):
        for cli in self.clis:
            assert cli.server.stop() == 0

    def run(self, line, stdin=None, **capture):
        """The line in both, `{name}` standing for what was captured. What differs is told at the end."""
        outputs = []
        for cli, captured in zip(self.clis, self.captured):
            arguments = [word.format(**captured) for word in words(line)]
            done = cli.run(*arguments, check=False, stdin=stdin)
            for name, of in capture.items():
                captured[name] = of(json.loads(done.stdout))
            outputs.append((done.returncode, *(normal(text, cli) for text in (done.stdout, done.stderr))))
        if outputs[0] != outputs[1]:
            self.differences.append(f"`{line}`\n--- coffer\n{shown(outputs[0])}\n--- reference\n{shown(outputs[1])}\n")


def words(line):
    return [word.strip("'") for word in re.findall(r"(?:'[^']*'|[^ '])+", line)]


def shown(output):
    return f"exit {output[0]}\n{output[1]}\n{output[2]}"


def normal(text, cli):
    """Without what differs from server to server and from moment to moment."""
    text = text.replace(str(cli.server.folder), "FOLDER")
    text = text.replace("OpenBao", "Vault").replace("openbao", "vault").replace("BAO_", "VAULT_")
    # The client prints its own name in hints.
    text = re.sub(r"\bbao ", "vault ", text)
    for pattern, name in [
        (r"127\.0\.0\.1:\d+", "HOST"), (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
        (r"\b(hvs|s|hvb|b|sr)\.[A-Za-z0-9_-]{20,}", "TOKEN"), (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+0000 UTC", "TIME"), (r"\d\d \w{3} \d\d \d\d:\d\d UTC", "TIME"),
        (r"\b[A-Za-z0-9+/]{43}=", "KEY"), (r"\b[A-Za-z0-9+/]{44}(?![A-Za-z0-9+/=])", "KEY"), (r"\b[0-9a-f]{66}\b", "KEY"),
        (r"\b[A-Za-z0-9]{24}\b", "ACCESSOR"), (r"_[0-9a-f]{8}\b", "_HEX"), (r"vault-cluster-[0-9a-f]{8}", "CLUSTER"),
        (r"(Raft (Committed|Applied) Index +)\d+", r"\1N"), (r'("raft_(committed|applied)_index": )\d+', r"\1N"),
        (r"\b(\d{9,10})\b", "UNIX"),
        (r'("?(?:ttl|expire_time|issue_time|creation_time|lease_duration|token_duration)"?:? *)(\d+[a-z0-9]*)', r"\1SPAN"),
        (r"\b767h59m\d+s\b", "768h"),
        (r"hmac-sha256:[0-9a-f]{64}", "HMAC"),
    ]:
        text = re.sub(pattern, name, text)
    # Where a sentence breaks depends on the client's name in it.
    text = re.sub(r"Success! You are now.*?token\.", lambda prose: " ".join(prose[0].split()), text, flags=re.DOTALL)
    # Columns are as wide as what stood there.
    lines = [re.sub(r"  +", "  ", re.sub(r"-{3,}", "---", line)).rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("Waiting for terminal status"))


@pytest.fixture
def pair(binary, certificates, tmp_path):
    pair = Pair(binary, certificates, tmp_path)
    yield pair
    pair.stop()


@pytest.fixture
def ready(pair):
    for cli in pair.clis:
        cli.server.initialise(3, 2)
        cli.server.unseal()
    return pair


def test_from_init_to_seal(pair):
    pair.run("status")
    pair.run("status -format=json")
    pair.run("operator init -status")
    pair.run("operator init -key-shares=2 -key-threshold=3")
    pair.run("operator init -key-shares=3 -key-threshold=2 -format=json", keys=lambda made: made["unseal_keys_b64"],
             root=lambda made: made["root_token"])
    for cli, captured in zip(pair.clis, pair.captured):
        cli.server.root = captured["root"]
        captured.update({f"key{number}": key for number, key in enumerate(captured["keys"])})
    pair.run("operator init")
    pair.run("status")
    pair.run("token lookup")
    pair.run("operator unseal nonsense")
    pair.run("operator unseal {key0}")
    pair.run("operator unseal -reset")
    pair.run("operator unseal -format=json {key0}")
    pair.run("operator unseal {key2}")
    for cli in pair.clis:
        cli.server.wait_active()
    for form in ("table", "json", "yaml"):
        pair.run(f"status -format={form}")
        pair.run(f"operator key-status -format={form}")
        pair.run(f"read sys/health -format={form}")
        pair.run(f"secrets list -format={form}")
        pair.run(f"auth list -format={form}")
    pair.run("secrets list -detailed")
    pair.run("auth list -detailed")
    pair.run("operator rotate")
    pair.run("operator rekey -status")
    pair.run("operator rekey -init -key-shares=1 -key-threshold=1")
    pair.run("operator rekey -status")
    pair.run("operator rekey -cancel")
    pair.run("operator generate-root -status")
    pair.run("operator generate-root -cancel")
    pair.run("operator seal")
    pair.run("status")
    pair.run("secrets list")
    pair.run("operator unseal -format=yaml {key1}")


def test_key_values(ready):
    ready.run("secrets enable -version=2 -path=secret kv")
    ready.run("secrets enable -version=2 -path=secret kv")
    ready.run("secrets enable -path=plain kv")
    ready.run("kv put secret/test user=ann password=s3cr3t")
    ready.run("kv get secret/test")
    ready.run("kv get -format=json secret/test")
    ready.run("kv get -format=yaml secret/test")
    ready.run("kv get -field=password secret/test")
    ready.run("kv get -field=nothing secret/test")
    ready.run("kv put -cas=0 secret/test a=b")
    ready.run("kv patch secret/test more=x")
    ready.run("kv patch -method=rw secret/test even=more")
    ready.run("kv put secret/folder/deep a=b")
    ready.run("kv put secret/stdin -", stdin='{"a": {"b": [1, 2.50, null, true]}}')
    ready.run("kv get -format=json secret/stdin")
    ready.run("kv list secret")
    ready.run("kv list -format=yaml secret/folder")
    ready.run("kv list secret/nothing")
    ready.run("kv metadata put -custom-metadata=owner=ann -max-versions=5 secret/test")
    ready.run("kv metadata get secret/test")
    ready.run("kv metadata get -format=json secret/test")
    ready.run("kv delete secret/test")
    ready.run("kv get secret/test")
    ready.run("kv undelete -versions=3 secret/test")
    ready.run("kv rollback -version=1 secret/test")
    ready.run("kv destroy -versions=1 secret/test")
    ready.run("kv get -version=1 secret/test")
    ready.run("kv metadata delete secret/test")
    ready.run("kv get secret/test")
    ready.run("kv put plain/x a=b ttl=30m")
    ready.run("kv get plain/x")
    ready.run("read plain/x")
    ready.run("read -format=json plain/x")
    ready.run("kv enable-versioning plain")
    ready.run("kv get plain/x")
    ready.run("write plain/x a=b")
    ready.run("read secret/config")
    ready.run("secrets tune -max-lease-ttl=1h plain")
    ready.run("secrets move plain moved")
    ready.run("secrets disable moved")
    ready.run("secrets disable moved")


def test_policies_tokens_and_logins(ready):
    ready.run("policy write reader -", stdin=POLICY)
    ready.run("policy write broken -", stdin='path "a" {')
    ready.run("policy write odd -", stdin='path "a" { capabilities = ["fly"] }')
    ready.run("policy read reader")
    ready.run("policy read -format=json reader")
    ready.run("policy read nothing")
    ready.run("policy list")
    ready.run("policy fmt nothing.hcl")
    ready.run("token create -policy=reader -period=768h")
    ready.run("token create -policy=reader -ttl=1h -format=json", token=lambda made: made["auth"]["client_token"],
              accessor=lambda made: made["auth"]["accessor"])
    ready.run("token lookup {token}")
    ready.run("token lookup -accessor {accessor}")
    ready.run("token lookup -accessor nothing")
    ready.run("token capabilities {token} secret/data/x")
    ready.run("token capabilities {token} sys/mounts")
    ready.run("token renew -increment=30m {token}")
    ready.run("token renew -accessor {accessor}")
    ready.run("token revoke {token}")
    ready.run("token revoke {token}")
    ready.run("token lookup {token}")
    ready.run("token revoke -accessor {accessor}")
    ready.run("token create -type=batch -policy=reader")
    ready.run("token create -role=nothing")
    ready.run("write auth/token/roles/short orphan=true token_explicit_max_ttl=5m")
    ready.run("read auth/token/roles/short")
    ready.run("token create -role=short -field=token_policies")
    ready.run("auth enable userpass")
    ready.run("auth enable userpass")
    ready.run("auth enable -path=machines approle")
    ready.run("auth enable nonsense")
    ready.run("write auth/userpass/users/ann password=pw policies=reader")
    ready.run("read auth/userpass/users/ann")
    ready.run("list auth/userpass/users")
    ready.run("login -no-store -method=userpass username=ann password=pw")
    ready.run("login -no-store -method=userpass username=ann password=wrong")
    ready.run("login -no-store -method=nothing username=ann")
    ready.run("login -no-store nonsense")
    ready.run("write -format=json auth/userpass/login/ann password=pw")
    ready.run("write auth/machines/role/web token_policies=reader secret_id_num_uses=2")
    ready.run("read auth/machines/role/web")
    ready.run("write -f auth/machines/role/web/secret-id")
    ready.run("list auth/machines/role/web/secret-id")
    ready.run("auth tune -description=people userpass/")
    ready.run("auth list -format=json")
    ready.run("path-help auth/userpass")
    ready.run("auth disable userpass")
    ready.run("auth move machines hosts")
    ready.run("auth disable hosts")


def test_leases_wrapping_and_audit(ready):
    ready.run("token create -wrap-ttl=5m -format=json", wrapped=lambda made: made["wrap_info"]["token"])
    ready.run("token create -wrap-ttl=5m")
    ready.run("unwrap -format=json {wrapped}")
    ready.run("unwrap {wrapped}")
    ready.run("write -wrap-ttl=60s sys/wrapping/wrap a=b")
    ready.run("token create -ttl=1h")
    ready.run("list sys/leases/lookup/auth/token")
    ready.run("lease lookup nothing")
    ready.run("lease renew nothing")
    ready.run("lease revoke nothing")
    ready.run("lease revoke -prefix auth/token/create")
    ready.run("lease revoke -force auth/token/create")
    ready.run("audit list")
    ready.run("audit enable nonsense")
    ready.run("audit enable file")
    ready.run("audit enable -path=one file file_path=discard")
    ready.run("audit enable -path=one file file_path=discard")
    ready.run("audit list")
    ready.run("audit list -detailed")
    ready.run("audit list -format=json")
    ready.run("audit disable one")
    ready.run("audit disable one")
    ready.run("read nothing/here")
    ready.run("list nothing/here")
    ready.run("write nothing/here a=b")
    ready.run("delete nothing/here")
    ready.run("read -output-curl-string sys/mounts")
    ready.run("secrets enable -version=2 -path=secret kv")
    ready.run("kv put -output-policy secret/x a=b")
    ready.run("plugin list auth")
    ready.run("version-history")
    ready.run("write sys/tools/hash input=YQ==")
    ready.run("operator members")
    ready.run("read sys/leader")
