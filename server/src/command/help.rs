/// What `coffer server -h` prints.
pub const HELP: &str = "\
Usage: coffer server [options]

  Starts a server that answers requests. With a configuration it starts sealed:
  it is initialized once with \"coffer operator init\" and unsealed after every
  start with \"coffer operator unseal\".

  Start with a configuration file:

      $ coffer server -config=/etc/coffer/config.hcl

  Start in development mode, in memory, unsealed:

      $ coffer server -dev -dev-root-token-id=root

  Start a cluster of three on this machine, to try fail-over:

      $ coffer server -dev -dev-three-node

Command Options:

  -config=<string>
      A configuration file, or a folder whose files ending in .hcl or .json are
      read in the order of their names. Can be given several times; of a key
      that is set several times, the last value holds. This can also be
      specified via the VAULT_CONFIG_PATH environment variable.

  -log-file=<string>
      A file that the log is written to, beside standard error.

  -log-format=<string>
      How a line of the log looks: \"standard\" or \"json\". This can also be
      specified via the VAULT_LOG_FORMAT environment variable.

  -log-level=<string>
      The least that is logged: \"trace\", \"debug\", \"info\", \"warn\" or \"error\".
      The default is info. This can also be specified via the VAULT_LOG_LEVEL
      environment variable.

Dev Options:

  -dev
      Development mode: everything in memory, initialized and unsealed with one
      key, KV version 2 mounted at secret/. Never for production.

  -dev-cluster-dir=<string>
      Where the three nodes of -dev-three-node keep their data, and the key and
      token that open it. The default is a temporary folder that is removed at
      the end; a folder that holds such a cluster is gone on with.

  -dev-kv-v1
      Mount KV version 1 at secret/ instead.

  -dev-listen-address=<string>
      Where to listen. The default is 127.0.0.1:8200. This can also be specified
      via the VAULT_DEV_LISTEN_ADDRESS environment variable.

  -dev-no-kv
      Mount nothing at secret/.

  -dev-no-store-token
      Do not keep the root token for the client's next commands.

  -dev-root-token-id=<string>
      The root token, instead of a random one. This can also be specified via
      the VAULT_DEV_ROOT_TOKEN_ID environment variable.

  -dev-skip-init
      Do not initialize.

  -dev-three-node
      A cluster: three processes on this machine with Raft on disk and TLS,
      initialized, joined and unsealed. They listen at -dev-listen-address and
      on the ports 10 and 20 above, and to each other one above each. Implies
      -dev.

  -dev-tls
      Speak TLS, with a certificate and a CA made for the purpose. Implies -dev.

  -dev-tls-cert-dir=<string>
      Where to write the CA, certificate and key. The default is a temporary
      folder that is removed at the end.

  -dev-tls-san=<string>
      A further name or address to make the certificate out to. Can be given
      several times.
";
