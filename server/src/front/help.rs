/// What `coffer front -h` prints.
pub(super) const HELP: &str = "\
Usage: coffer front [options]

  Starts a front proxy: one address for clients, before the nodes of a cluster.
  TCP is passed through byte for byte, so that TLS stays between client and
  node. Servers are checked, and connections go to those that are up.

  Before three nodes, with a status page:

      $ coffer front -listen=:8200 -server=192.168.1.10:8200 \\
          -server=10.0.1.20:8200 -server=10.0.1.30:8200 -status=127.0.0.1:8404

  With a configuration file, which is read anew at SIGHUP:

      $ coffer front -config=/etc/coffer/front.hcl

Command Options:

  -balance=<string>
      Which server a connection goes to: \"roundrobin\" (the default),
      \"leastconn\", or \"leader\": the active node, and another where none is.

  -check=<string>
      How servers are checked: \"tcp\" (the default), or \"https\": by what their
      /v1/sys/health answers. Every 5 s; down after 3 failures, up after 2 passes.

  -check-ca-file=<string>
      The CA of the servers' certificates, for -check=https. The default is the
      system's CAs.

  -check-path=<string>
      What -check=https asks for. The default is /v1/sys/health.

  -check-server-name=<string>
      The name that the servers' certificates bear. The default is the host of
      the server's address.

  -check-skip-verify
      Take any certificate in checks.

  -config=<string>
      A file in HCL. It says all that the other flags say, and more.

  -listen=<string>
      Where clients connect, such as :8200.

  -log-file=<string>
      A file that the log is written to, beside standard error.

  -log-format=<string>
      How a line of the log looks: \"standard\" or \"json\".

  -log-level=<string>
      The least that is logged: \"trace\", \"debug\", \"info\", \"warn\" or \"error\".

  -server=<string>
      A server's host and port. Given once for each.

  -status=<string>
      Where the status page, its JSON and the metrics are served, without TLS,
      such as 127.0.0.1:8404.
";
