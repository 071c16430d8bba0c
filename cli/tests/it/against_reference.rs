//! A session with the reference's own client and server, and with our client on the same server: both must print the
//! same, in every form of output, and end with the same code.

use super::reference::{self, Pair, Server};

/// A pair of which each talks as root to a development server of its own.
fn on_development_servers() -> (Pair, [Server; 2]) {
    let servers = [Server::development(), Server::development()];
    let mut pair = Pair::new();
    pair.reference.talk_to(&servers[0], "root");
    pair.ours.talk_to(&servers[1], "root");
    (pair, servers)
}

const FORMATS: [&str; 3] = ["table", "json", "yaml"];

#[test]
fn status_and_reading() {
    let (mut pair, _servers) = on_development_servers();
    for format in FORMATS {
        pair.same(&format!("status -format={format}"));
        pair.same(&format!("read -format={format} sys/mounts/secret"));
        pair.same(&format!("read -format={format} sys/seal-status"));
        pair.same(&format!("read -format={format} sys/policies/acl/default"));
        pair.same(&format!("list -format={format} sys/policies/acl"));
        pair.same(&format!("list -format={format} nothing/here"));
        pair.same(&format!("read -format={format} -field=config sys/mounts/secret"));
        pair.same(&format!("read -format={format} -field=uuid sys/mounts/secret"));
        pair.same(&format!("token lookup -format={format}"));
        pair.same(&format!("operator key-status -format={format}"));
        pair.same(&format!("operator members -format={format}"));
        pair.same(&format!("plugin list -format={format}"));
        pair.same(&format!("plugin list -format={format} database"));
        pair.same(&format!("plugin info -format={format} auth userpass"));
        pair.same(&format!("version-history -format={format}"));
        pair.same(&format!("path-help -format={format} sys/mounts"));
    }
    pair.same("status -field=sealed");
    pair.same("status -field=nothing");
    pair.same("status -field=ha_mode");
    pair.same("plugin list -detailed");
    pair.same("plugin list nothing");
    pair.same("plugin info -field=version auth userpass");
    pair.same("read -format=raw sys/policies/acl/root");
    pair.same("list -format=raw sys/policies/acl");
    pair.same("read nothing/here");
    pair.same("read -field=nothing sys/mounts/secret");
    pair.same("read sys/mounts/nothing");
    pair.same("list");
    pair.same("list a b");
    pair.same("read");
    pair.same("status now");
    pair.same("print token");
    pair.both_refuse("-format=json");
    pair.both_refuse("nothing");
    pair.both_refuse("kv nothing");
    pair.both_refuse("kv metadata");
}

#[test]
fn writing_and_deleting() {
    let (mut pair, _servers) = on_development_servers();
    pair.file("body.json", r#"{"policy":"path \"a\" { capabilities = [\"read\"] }"}"#);
    pair.file("policy.hcl", "path \"a\" {\n  capabilities = [\"read\"]\n}\n");
    pair.same("write sys/policies/acl/name1 policy=@policy.hcl");
    pair.same("write sys/policies/acl/name2 @body.json");
    pair.same_with_input("write sys/policies/acl/name3 -", r#"{"policy":""}"#);
    pair.same_with_input("write sys/policies/acl/name4 policy=-", "path \"b\" {}");
    for format in FORMATS {
        pair.same(&format!("write -format={format} sys/policies/acl/name5 policy="));
        pair.same(&format!("read -format={format} sys/policies/acl/name1"));
        pair.same(&format!("delete -format={format} sys/policies/acl/name1"));
        pair.same(&format!("write -format={format} sys/tools/hash input=YQ== format=hex"));
        pair.same(&format!("write -format={format} sys/capabilities-self paths=a paths=sys/mounts"));
        pair.same(&format!("write -format={format} cubbyhole/name a=1 b= c='<&>' a=2"));
        pair.same(&format!("read -format={format} cubbyhole/name"));
        pair.same(&format!("list -format={format} cubbyhole/"));
    }
    pair.same("write -field=sum sys/tools/hash input=YQ== format=hex");
    pair.same("write -f sys/tools/random/4 format=nothing");
    pair.same("write sys/mounts");
    pair.same("write sys/mounts a=@/nothing/there");
    pair.same("write sys/mounts @/nothing/there");
    pair.same("write sys/policies/acl/name policy=bogus");
    pair.same("write nothing/here a=b");
    pair.same("patch nothing/here a=b");
    pair.same("delete nothing/here");
    pair.same("delete");
    pair.both_refuse("write a b");
}

#[test]
fn key_value_secrets() {
    let (mut pair, _servers) = on_development_servers();
    pair.file(
        "odd.json",
        r##"{"a":"plain","b":"123","c":"true","d":"yes","e":"null","f":"","g":" lead","h":"trail ","i":"multi\nline\n",
        "j":"multi\nline","k":"a: b","l":"#x","m":"x #y","n":"- a","o":"-","p":"1.5","q":"1e3","r":"0x1f","s":"2020-01-01",
        "t":"~","u":"üß","v":"tab\tx","w":"\u0001ctl","x":"'quoted'","y":"\"dq\"","z":"a\\b","a10":1,"a2":2,"exp":1e30,
        "neg":-5,"flt":0.1,"arr":[1,"x",[2,3],{"q":1,"r":[]}],"emptyarr":[],"emptyobj":{},"nil":null,"bool":true,
        "long":"aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc ddddddddddddddddddddddd eeeeee fffff",
        "longq":"'aaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc ddddddddddddddddddddddd eeeeee fffff",
        "longd":"\taaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc ddddddddddddddddddddddd eeeeee fffff",
        "colon":"a:b","end:":"x","q?":"? x","pct":"%x","at":"@x","bq":"`x","bang":"!x","amp":"&x","star":"*x","pipe":"|x",
        "gt":">x","br":"[x","brc":"{x","comma":",x","oct":"012","oct2":"0o12","bin":"0b1","us":"1_000","inf":".inf",
        "nan":".nan","on":"on","No":"No","eq":"=","merge":"<<","time":"2026-11-23T20:28:12.481576207Z","sexa":"1:30",
        "dots":"...","dashes":"---","nl":"\n","crlf":"a\r\nb","lead_nl":"\nabc","trail2":"abc\n\n","sp_nl":"  x\n  y",
        "emoji":"😀","nbsp":"a\u00a0b","q1":"?","plus":"+1","plus2":"+x","dot":".","dot5":".5","tilde":"~x","True":"True",
        "spaces":"   ","a b":"k v","html":"<&>","lease_ttl":3600,"ttl_text":"3600","deep":{"m":{"x":"y\nz","l":["a\nb"]}}}"##,
    );
    pair.same("kv put secret/name @odd.json");
    for format in FORMATS {
        pair.same(&format!("kv get -format={format} secret/name"));
        pair.same(&format!("kv get -format={format} -field=deep secret/name"));
        pair.same(&format!("kv get -format={format} -field=i secret/name"));
        pair.same(&format!("kv get -format={format} -field=long secret/name"));
        pair.same(&format!("kv put -format={format} -mount=secret name/sub/a a=1 b='two words'"));
        pair.same(&format!("kv get -format={format} -mount=secret name/sub/a"));
        pair.same(&format!("kv patch -format={format} -mount=secret name/sub/a b=3"));
        pair.same(&format!("kv patch -format={format} -method=rw -mount=secret name/sub/a c=4"));
        pair.same(&format!("kv patch -format={format} -remove-data=c -mount=secret name/sub/a"));
        pair.same(&format!("kv list -format={format} secret/name"));
        pair.same(&format!("kv list -format={format} -mount=secret name/sub"));
        pair.same(&format!("kv list -format={format} secret/nothing"));
        pair.same(&format!(
            "kv metadata put -format={format} -mount=secret -max-versions=20 -custom-metadata=k=v name/sub/a"
        ));
        pair.same(&format!("kv metadata patch -format={format} -mount=secret -custom-metadata=k2=v name/sub/a"));
        pair.same(&format!("kv metadata get -format={format} -mount=secret name/sub/a"));
        pair.same(&format!("kv delete -format={format} -mount=secret name/sub/a"));
        pair.same(&format!("kv get -format={format} -mount=secret name/sub/a"));
        pair.same(&format!("kv undelete -format={format} -mount=secret -versions=1,2 name/sub/a"));
        pair.same(&format!("kv rollback -format={format} -mount=secret -version=1 name/sub/a"));
        pair.same(&format!("kv destroy -format={format} -mount=secret -versions=2 name/sub/a"));
    }
    pair.same("kv get -mount=secret -version=1 name/sub/a");
    pair.same("kv get -mount=secret -version=2 name/sub/a");
    pair.same("kv get -mount=secret -version=99 name/sub/a");
    pair.same("kv get -mount=secret -field=a name/sub/a");
    pair.same("kv get -mount=secret -field=data name/sub/a");
    pair.same("kv get -mount=secret -field=nothing name/sub/a");
    pair.same("kv get -mount=secret -field=a -version=2 name/sub/a");
    pair.same("kv put -cas=0 secret/name/cas a=b");
    pair.same("kv put -cas=0 secret/name/cas a=b");
    pair.same("kv put -cas=1 secret/name/cas a=b");
    pair.same("kv patch -cas=1 secret/name/cas a=b");
    pair.same("kv patch -method=nothing secret/name/cas a=b");
    pair.same("kv delete -versions=1 -versions=2 secret/name/cas");
    pair.same("kv rollback -version=1 secret/name/cas");
    pair.same("kv rollback secret/name/cas");
    pair.same("kv rollback -version=-1 secret/name/cas");
    pair.same("kv rollback");
    pair.same("kv undelete secret/name/cas");
    pair.same("kv destroy secret/name/cas");
    pair.same("kv metadata delete secret/name/cas");
    pair.same("kv metadata get secret/name/cas");
    pair.same("kv metadata put -cas-required=true -delete-version-after=1h30m secret/name/cas");
    pair.same("kv metadata get secret/name/cas");
    pair.same("kv put secret/name/cas a=b");
    pair.same("kv get secret/nothing");
    pair.same("kv get nothing/here");
    pair.same("kv get");
    pair.same("kv get a b");
    pair.same("kv put secret/a");
    pair.same("kv put");
    pair.same("kv list");
    pair.same("kv list -mount=secret");
    pair.same("kv patch secret/nothing a=b");
    pair.same("kv get -wrap-ttl=5m secret/name");
    pair.same("kv put -wrap-ttl=5m secret/name/w a=b");
    // Version 1.
    pair.same("secrets enable -path=name -version=1 kv");
    for format in FORMATS {
        pair.same(&format!("kv put -format={format} name/a x=1 ttl=30"));
        pair.same(&format!("kv get -format={format} name/a"));
        pair.same(&format!("kv get -format={format} -mount=name a"));
        pair.same(&format!("kv get -format={format} -field=x name/a"));
        pair.same(&format!("kv list -format={format} name"));
    }
    pair.same("kv patch name/a x=2");
    pair.same("kv undelete -versions=1 name/a");
    pair.same("kv destroy -versions=1 name/a");
    pair.same("kv rollback -version=1 name/a");
    pair.same("kv metadata get name/a");
    pair.same("kv delete name/a");
    pair.same("kv get name/a");
    pair.same("kv enable-versioning name");
    pair.same("kv enable-versioning nothing");
}

#[test]
fn engines_and_methods() {
    let (mut pair, _servers) = on_development_servers();
    pair.same(
        "secrets enable -path=name -description='what for' -default-lease-ttl=1h -max-lease-ttl=2h -version=2 kv",
    );
    pair.same("secrets enable -path=name kv");
    pair.same("secrets enable nothing");
    pair.same("secrets enable");
    pair.same("secrets tune -default-lease-ttl=30m -description=other -listing-visibility=unauth -options=a=b name");
    pair.same("secrets tune -audit-non-hmac-request-keys=a -audit-non-hmac-request-keys=b name");
    pair.same("secrets tune nothing");
    pair.same("read sys/mounts/name/tune");
    pair.same("secrets move name name2");
    pair.same("secrets move nothing name3");
    pair.same("secrets move name");
    pair.same("auth enable -path=name -description='who for' -token-type=batch -max-lease-ttl=1h userpass");
    pair.same("auth enable nothing");
    pair.same("auth tune -default-lease-ttl=30m -user-lockout-threshold=3 -user-lockout-disable name");
    pair.same("read sys/auth/name/tune");
    pair.same("auth move auth/name auth/name2");
    pair.same("auth help nothing");
    for format in FORMATS {
        pair.same(&format!("auth list -format={format}"));
        pair.same(&format!("secrets list -format={format}"));
    }
    pair.same("secrets list -detailed");
    pair.same("auth list -detailed");
    pair.same("auth list now");
    pair.same("secrets disable name2");
    pair.same("secrets disable name2");
    pair.same("auth disable name2");
    pair.same("auth disable");
}

#[test]
fn policies() {
    let (mut pair, _servers) = on_development_servers();
    let untidy = "path \"a\" {capabilities=[\"read\",\n\"list\"]}\n#c\npath   \"b\" {\nmin_wrapping_ttl=\"1s\"\nmax_wrapping_ttl = \"2s\" # x\n}\n";
    pair.file("policy.hcl", untidy);
    pair.file("bad.hcl", "path \"a\" {\n  capabilities = [\"nothing\"]\n}\n");
    pair.same("policy write name policy.hcl");
    pair.same("policy write nameUP policy.hcl");
    pair.same_with_input("policy write name2 -", untidy);
    pair.same("policy write name bad.hcl");
    pair.same("policy write name nothing.hcl");
    pair.same("policy write name");
    for format in FORMATS {
        pair.same(&format!("policy read -format={format} name"));
        pair.same(&format!("policy list -format={format}"));
    }
    pair.same("policy read nothing");
    pair.same("policy delete name");
    pair.same("policy delete root");
    pair.same("policy fmt policy.hcl");
    let read = |tool: &reference::Tool| std::fs::read_to_string(tool.home().join("policy.hcl")).unwrap();
    assert_eq!(read(&pair.reference), read(&pair.ours));
    pair.both_refuse("policy fmt bad.hcl");
    pair.same("policy fmt nothing.hcl");
}

#[test]
fn tokens_leases_and_wrapping() {
    let (mut pair, _servers) = on_development_servers();
    for format in FORMATS {
        pair.same(&format!("token create -format={format} -policy=default -metadata=a=b -display-name=name"));
        pair.same(&format!("token create -format={format} -type=batch -ttl=1h -policy=default"));
        pair.same(&format!("token create -format={format} -wrap-ttl=5m"));
        pair.same(&format!("token create -format={format} -id=name{format} -ttl=1h -explicit-max-ttl=2h -use-limit=20 -orphan -no-default-policy -policy=p"));
        pair.same(&format!("token lookup -format={format} name{format}"));
        pair.same(&format!("token renew -format={format} -increment=90m name{format}"));
        pair.same(&format!("token capabilities -format={format} name{format} sys/mounts"));
        pair.same(&format!("token capabilities -format={format} sys/mounts"));
        pair.same(&format!("token lookup -format={format} nothing"));
        pair.same(&format!("read -format={format} -wrap-ttl=5m sys/mounts/secret"));
        pair.same(&format!("list -format={format} -wrap-ttl=5m sys/policies/acl"));
    }
    pair.same("token create -field=token_policies -policy=default");
    pair.same("token create -period=1h -renewable=false");
    pair.same("token create -role=nothing");
    pair.same("token create -ttl=abc");
    pair.same("token create -use-limit=abc");
    pair.same("token create -orphan=maybe");
    pair.same("token create now");
    pair.same("token revoke namejson");
    pair.same("token revoke -mode=orphan nameyaml");
    pair.same("token revoke -mode=nothing name");
    pair.same("token revoke -mode=path auth/nothing");
    pair.same("token revoke");
    pair.same("token revoke -self x");
    pair.same("token revoke -self -accessor");
    pair.same("token revoke -self -mode=path");
    pair.same("token revoke -accessor -mode=path x");
    pair.same("token revoke -accessor nothing");
    pair.same("token lookup -accessor");
    pair.same("token lookup -accessor a b");
    pair.same("token lookup a b");
    pair.same("token lookup -accessor nothing");
    pair.same("token renew nothing");
    pair.same("token capabilities");
    pair.same("lease lookup nothing");
    pair.same("lease lookup");
    pair.same("lease renew nothing");
    pair.same("lease renew");
    pair.same("lease revoke nothing");
    pair.same("lease revoke -prefix -sync nothing");
    pair.same("lease revoke -sync nothing");
    pair.same("lease revoke -force nothing");
    pair.same_words("lease revoke -force -prefix nothing");
    pair.same("lease revoke");
    pair.same("unwrap nothing");
    pair.same("unwrap a b");
    // Each client unwraps what it wrapped.
    for wrapped in [
        &["read", "-wrap-ttl=5m", "-field=wrapping_token", "sys/policies/acl/default"][..],
        &["token", "create", "-wrap-ttl=5m", "-field=wrapping_token"],
        &["kv", "put", "-wrap-ttl=5m", "-field=wrapping_token", "secret/a", "b=c"],
        &["write", "-field=wrapping_token", "sys/wrapping/wrap", "keys=a", "b=c"],
    ] {
        let unwrap = |tool: &reference::Tool| {
            let token = tool.run(wrapped, "").stdout;
            tool.run(&["unwrap", token.trim()], "")
        };
        let (expected, found) = (unwrap(&pair.reference), unwrap(&pair.ours));
        assert_eq!(expected.exit, Some(0), "{}", expected.stderr);
        assert_eq!(pair.normal(&expected), pair.normal(&found), "{wrapped:?}");
    }
}

#[test]
fn logging_in() {
    let (mut pair, _servers) = on_development_servers();
    pair.same("auth enable userpass");
    pair.same("write auth/userpass/users/name password=secret policies=default");
    pair.same("auth help userpass-nothing");
    pair.set("VAULT_TOKEN", "");
    pair.set("BAO_TOKEN", "");
    for format in FORMATS {
        pair.same_words(&format!("login -format={format} root"));
        pair.same("print token");
        pair.same_words(&format!("login -format={format} -no-store root"));
        pair.same_words(&format!("login -format={format} -method=userpass username=name password=secret"));
        pair.same(&format!("token lookup -format={format} -field=display_name"));
        pair.same_words(&format!("login -format={format} -method=userpass -no-store username=name password=secret"));
        pair.same(&format!("login -format={format} -method=userpass -no-print username=name password=secret"));
    }
    pair.same_with_input("login -no-print -", r#"{"token":"root"}"#);
    pair.same_with_input("login -no-print token=-", "root\n");
    pair.same("login -field=token_policies root");
    pair.same("login -token-only root");
    pair.same("login -method=userpass -token-only username=name password=secret");
    pair.same("login -method=userpass -path=nothing username=name password=secret");
    pair.same("login -method=userpass username=name password=wrong");
    pair.same("login -method=userpass password=secret");
    pair.same("login -method=userpass -non-interactive username=name");
    pair.same("login -non-interactive");
    pair.same("login nothing");
    pair.same_words("login -method=nothing");
    pair.same("login -no-store -no-print root");
    pair.same_words("login");
    pair.same("login -method=userpass -wrap-ttl=5m -no-print username=name password=secret");
    pair.same_words("login -method=userpass -wrap-ttl=5m -no-store username=name password=secret");
    pair.same("login -lookup=false token=x");
    pair.set("VAULT_TOKEN", "root");
    pair.set("BAO_TOKEN", "root");
    pair.same_words("login root");
}

#[test]
fn shown_instead_of_sent() {
    let (mut pair, _servers) = on_development_servers();
    for line in [
        "read sys/mounts",
        "read secret/data/a version=2 x=y",
        "write secret/data/x 'b=<&>' c=ü d=",
        "list secret/metadata",
        "delete secret/data/x",
        "patch secret/data/x a=b",
        "kv put secret/x a=b",
        "kv get -version=2 secret/x",
        "kv list secret/",
        "kv patch secret/x a=b",
        "kv metadata put -max-versions=3 secret/x",
        "secrets enable -path=p kv",
        "secrets tune -default-lease-ttl=1h p",
        "secrets list",
        "auth enable -description=d userpass",
        "auth disable userpass",
        "policy read default",
        "policy list",
        "token create -policy=a -ttl=1h",
        "token lookup x",
        "token renew -increment=1h x",
        "token revoke x",
        "lease revoke x",
        "lease renew -increment=60 x",
        "audit list",
        "audit enable file file_path=/x",
        "operator key-status",
        "operator rekey -status",
        "operator raft list-peers",
        "unwrap x",
        "status",
        "read 'a b/ü?x'",
    ] {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let place = match first {
            "kv" | "secrets" | "auth" | "policy" | "token" | "lease" | "audit" => 2,
            "operator" if rest.starts_with("raft") => 3,
            "operator" => 2,
            _ => 1,
        };
        if line.starts_with("kv metadata") {
            continue;
        }
        let words: Vec<&str> = line.splitn(place + 1, ' ').collect();
        for flag in ["-output-curl-string", "-output-policy"] {
            let mut words = words.clone();
            words.insert(place.min(words.len()), flag);
            if line.starts_with("status") && flag == "-output-policy" {
                continue;
            }
            pair.same(&words.join(" "));
        }
    }
    pair.same("read -output-curl-string -wrap-ttl=1h -namespace=foo -header=A=B sys/mounts");
    pair.same("read -output-curl-string");
    pair.same("write -output-curl-string a b=@/nothing");
    pair.same("read -header=X-Vault-A=b sys/mounts");
}

#[test]
fn what_goes_wrong_on_the_way() {
    let (mut pair, _servers) = on_development_servers();
    pair.same("status -address=http://127.0.0.1:1");
    pair.same("kv get -address=http://127.0.0.1:1 secret/a");
    pair.same("read -bogus sys/mounts");
    pair.same("read -format=bogus sys/mounts");
    pair.same("read -field");
    pair.both_refuse("status -address=nothing");
    pair.both_refuse("status -address='http://a b'");
    pair.set("VAULT_TOKEN", "wrong");
    pair.set("BAO_TOKEN", "wrong");
    pair.same("read secret/data/x");
    pair.same("kv get secret/x");
    pair.same("secrets list");
    pair.same("list sys/policies/acl");
    pair.same("audit list");
    pair.same("operator seal");
    pair.same("policy list");
    pair.set("VAULT_MAX_RETRIES", "x");
    pair.set("BAO_MAX_RETRIES", "x");
    pair.both_refuse("read secret/data/x");
}

/// Initialize, unseal, rekey, generate a root token, seal: each client on a server of its own.
#[test]
fn ceremonies() {
    let (of_reference, of_ours) = (Server::uninitialized(), Server::uninitialized());
    let mut pair = Pair::new();
    pair.reference.talk_to(&of_reference, "");
    pair.ours.talk_to(&of_ours, "");
    for format in FORMATS {
        pair.same(&format!("status -format={format}"));
        pair.same(&format!("operator init -status -format={format}"));
    }
    pair.both_refuse("operator unseal -non-interactive");
    let init = |tool: &reference::Tool| {
        let output = tool.run(&["operator", "init", "-key-shares=3", "-key-threshold=2"], "");
        assert_eq!(output.exit, Some(0), "{}", output.stderr);
        let value = |title: &str| {
            let line = output.stdout.lines().find(|line| line.starts_with(title)).expect("a line of the title");
            line.rsplit(' ').next().expect("a value").to_owned()
        };
        (
            [value("Unseal Key 1"), value("Unseal Key 2"), value("Unseal Key 3"), value("Initial Root Token")],
            output.stdout.split("\n\n").count(),
        )
    };
    let (reference, ours) = (init(&pair.reference), init(&pair.ours));
    assert_eq!(reference.1, ours.1);
    pair.reference.talk_to(&of_reference, &reference.0[3]);
    pair.ours.talk_to(&of_ours, &ours.0[3]);
    let keys = [reference.0, ours.0];
    // Both hand in the share of the same number; what they print is compared.
    let both = |pair: &Pair, before: &[&str], share: usize, what: &str| {
        let run = |tool: &reference::Tool, keys: &[String; 4]| {
            let mut args = before.to_vec();
            let nonce = nonce_of(tool, what);
            let flag = format!("-nonce={nonce}");
            if !nonce.is_empty() {
                args.push(&flag);
            }
            args.push(&keys[share]);
            tool.run(&args, "")
        };
        let (expected, found) = (run(&pair.reference, &keys[0]), run(&pair.ours, &keys[1]));
        assert_eq!(expected.exit, found.exit, "{before:?}: {} {}", expected.stderr, found.stderr);
        let shape = |text: &str| -> Vec<String> {
            text.split_whitespace().filter(|word| word.len() < 16 && !word.contains('.')).map(str::to_owned).collect()
        };
        let neutral = |text: &str| shape(&text.replace("OpenBao", "Vault"));
        assert_eq!(neutral(&expected.stdout), neutral(&found.stdout), "{before:?}");
        assert_eq!(neutral(&expected.stderr), neutral(&found.stderr), "{before:?}");
        (expected, found)
    };
    both(&pair, &["operator", "unseal"], 0, "");
    pair.same("status");
    pair.same("operator unseal -reset");
    both(&pair, &["operator", "unseal", "-format=json"], 0, "");
    both(&pair, &["operator", "unseal"], 1, "");
    pair.same("operator unseal nothing");
    for format in FORMATS {
        pair.same(&format!("operator rekey -status -format={format}"));
        pair.same(&format!("operator generate-root -status -format={format}"));
        pair.same(&format!("operator rotate -format={format}"));
    }
    pair.same_words("operator rekey x");
    pair.same_words("operator generate-root x");
    pair.same_words("operator rekey -init -key-shares=1 -key-threshold=1");
    pair.same("operator rekey -status");
    pair.same("operator rekey x");
    pair.same("operator rekey -cancel");
    pair.same("operator rekey -verify -cancel");
    pair.same("operator rekey -target=nothing -status");
    pair.same_words("operator rekey -init -key-shares=1 -key-threshold=2");
    pair.same_words("operator rekey -init -key-shares=2 -key-threshold=2 -verify");
    both(&pair, &["operator", "rekey"], 0, "rekey");
    both(&pair, &["operator", "rekey"], 1, "rekey");
    pair.same("operator rekey -verify -status");
    pair.same("operator rekey -cancel");
    pair.same_words("operator rekey -init -key-shares=1 -key-threshold=1");
    both(&pair, &["operator", "rekey", "-format=json"], 2, "rekey");
    both(&pair, &["operator", "rekey"], 1, "rekey");
    pair.same("operator rekey -backup-delete");
    pair.same("operator rekey -backup-retrieve");
    pair.same("operator generate-root -cancel");
    pair.same("operator generate-root -decode=x");
    pair.same("operator raft list-peers");
    pair.same("operator raft remove-peer");
    pair.same("operator raft autopilot state");
    pair.same("operator raft autopilot get-config");
    pair.same("operator raft autopilot set-config x");
    pair.same("operator raft snapshot save");
    pair.same("operator raft snapshot save {home}/x.snap");
    pair.same("operator raft join http://127.0.0.1:1");
    pair.same("operator raft join -auto-join-scheme=x http://127.0.0.1:1");
    // Audit devices, which this server takes from clients.
    for format in FORMATS {
        pair.same(&format!("audit list -format={format}"));
    }
    pair.same("audit enable");
    pair.same("audit enable nothing");
    pair.same("audit enable -path=f -description=d file file_path=/dev/null");
    for format in FORMATS {
        pair.same(&format!("audit list -format={format}"));
    }
    pair.same("audit list -detailed");
    pair.same("audit disable f");
    pair.same("audit disable");
    pair.same("operator step-down now");
    pair.same("operator seal now");
    pair.same("operator seal");
    pair.same("status");
    pair.same("path-help sys/mounts");
    pair.same("secrets list");
    assert!(pair.steps() > 60);
}

#[test]
fn over_tls() {
    let server = Server::development_over_tls();
    let ca = server.ca().to_string_lossy().into_owned();
    let mut pair = Pair::new();
    pair.reference.talk_to(&server, "root");
    pair.ours.talk_to(&server, "root");
    pair.same("secrets list");
    pair.same(&format!("secrets list -ca-cert={ca}"));
    pair.same("secrets list -tls-skip-verify");
    pair.both_refuse(&format!("secrets list -ca-cert={ca} -tls-server-name=other.example"));
    pair.both_refuse("secrets list -ca-cert=/nothing");
    pair.both_refuse(&format!("secrets list -client-cert={ca}"));
    pair.same(&format!("secrets list -ca-cert={ca} -output-curl-string"));
    pair.set("VAULT_CACERT_BYTES", &std::fs::read_to_string(server.ca()).unwrap());
    pair.set("BAO_CACERT_BYTES", &std::fs::read_to_string(server.ca()).unwrap());
    pair.same("secrets list");
    pair.set("VAULT_CACERT", &ca);
    pair.set("BAO_CACERT", &ca);
    pair.same("secrets list");
    pair.same("read sys/policies/acl/default");
    let plain = server.address.replace("https", "http");
    pair.same(&format!("status -address={plain}"));
}

#[test]
fn on_raft_storage() {
    let server = Server::on_raft();
    let mut pair = Pair::new();
    pair.reference.talk_to(&server, "");
    let init = pair.reference.run(&["operator", "init", "-key-shares=1", "-key-threshold=1"], "").stdout;
    let value = |title: &str| init.lines().find(|line| line.starts_with(title)).unwrap().rsplit(' ').next().unwrap();
    let (key, token) = (value("Unseal Key 1"), value("Initial Root Token"));
    assert_eq!(pair.reference.run(&["operator", "unseal", key], "").exit, Some(0));
    pair.reference.talk_to(&server, token);
    pair.ours.talk_to(&server, token);
    // A single server leads soon after it is unsealed; until then it refuses.
    while pair.reference.run(&["read", "sys/policies/acl/default"], "").exit != Some(0) {
        std::thread::yield_now();
    }
    for format in FORMATS {
        pair.same(&format!("status -format={format}"));
        pair.same(&format!("operator raft list-peers -format={format}"));
        pair.same(&format!("operator raft autopilot get-config -format={format}"));
        pair.same(&format!("operator members -format={format}"));
    }
    pair.same("status -field=ha_mode");
    pair.same("operator raft autopilot set-config -min-quorum=3 -server-stabilization-time=20s");
    pair.same("operator raft autopilot get-config");
    pair.same("operator raft snapshot save x.snap");
    for tool in [&pair.reference, &pair.ours] {
        assert!(std::fs::metadata(tool.home().join("x.snap")).unwrap().len() > 1_000);
    }
    pair.same("operator raft snapshot restore nothing.snap 2");
    pair.both_refuse("operator raft snapshot restore nothing.snap");
    pair.same("operator raft snapshot restore x.snap");
    pair.same("operator raft remove-peer nothing");
    pair.same(&format!("status -field=type -address={}", server.socket()));
    pair.same(&format!("secrets list -address={}", server.socket()));
}

/// The nonce of the operation that is under way, as the client itself prints it.
fn nonce_of(tool: &reference::Tool, what: &str) -> String {
    if what.is_empty() {
        return String::new();
    }
    let output = tool.run(&["operator", what, "-status", "-format=json"], "");
    let line = output.stdout.lines().find(|line| line.contains("\"nonce\"")).expect("a nonce").to_owned();
    line.split('"').nth(3).expect("its value").to_owned()
}
