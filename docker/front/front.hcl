# The guide's balancer, with the front proxy: the same checks as its HAProxy, every 5 s, down after 3, up after 2.
frontend "vault_frontend" {
  bind    = "*:8200"
  backend = "vault_backend"
}

backend "vault_backend" {
  balance = "roundrobin"

  # A container that is gone does not refuse: its address just falls silent. The next node is tried after this,
  connect_timeout = "500ms"
  # and a connection that was there before ends, or goes on to the next node if it was only beginning.
  ack_timeout = "1s"

  check {
    type  = "tcp"
    inter = "5s"
    fall  = 3
    rise  = 2
  }

  server "vault1" { address = "vault1.example.com:8200" }
  server "vault2" { address = "vault2.example.com:8200" }
  server "vault3" { address = "vault3.example.com:8200" }
}

status {
  address = "*:8404"
}
