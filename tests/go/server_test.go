// Package client drives a coffer server through Vault's own Go module, over TLS.
package client

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

// A server process on loopback with its own CA, data folder and client.
type server struct {
	folder  string
	address string
	ca      string
	output  bytes.Buffer
	process *exec.Cmd
	keys    []string
	root    string
	// "standby" or "front", where a cluster lies behind the address.
	through string
}

// start gives a server that is not initialised, and ends it with the test.
func start(t *testing.T) *server {
	t.Helper()
	binary := os.Getenv("COFFER_BIN")
	if binary == "" {
		t.Fatal("COFFER_BIN does not name a built binary: run tests/run")
	}
	s := &server{folder: t.TempDir()}
	s.ca = filepath.Join(s.folder, "ca.pem")
	makeCertificates(t, s.folder)
	api, cluster := freePort(t), freePort(t)
	s.address = fmt.Sprintf("https://127.0.0.1:%d", api)
	config := fmt.Sprintf(`
storage "raft" {
  path = %q
  node_id = "vault1"
}
listener "tcp" {
  address = "127.0.0.1:%d"
  cluster_address = "127.0.0.1:%d"
  tls_cert_file = %q
  tls_key_file = %q
}
api_addr = %q
cluster_addr = "https://127.0.0.1:%d"
disable_mlock = true
`, filepath.Join(s.folder, "data"), api, cluster, filepath.Join(s.folder, "leaf.pem"),
		filepath.Join(s.folder, "leaf-key.pem"), s.address, cluster)
	path := filepath.Join(s.folder, "config.hcl")
	must(t, os.WriteFile(path, []byte(config), 0o600))
	s.process = exec.Command(binary, "server", "-config="+path)
	s.process.Env = append(withoutVault(os.Environ()), "HOME="+s.folder)
	s.process.Stdout, s.process.Stderr = &s.output, &s.output
	must(t, s.process.Start())
	t.Cleanup(func() { s.stop(t) })
	client := s.client(t, "")
	deadline := time.Now().Add(30 * time.Second)
	for {
		if _, err := client.Sys().SealStatus(); err == nil {
			return s
		} else if time.Now().After(deadline) {
			t.Fatalf("no answer: %v", err)
		}
		// There is no event for a port of another process.
		time.Sleep(20 * time.Millisecond)
	}
}

// ready gives a server that is initialised and unsealed, and a client with its root token. COFFER_THROUGH has it be one
// of three nodes, or the proxy before them.
func ready(t *testing.T) (*server, *api.Client) {
	t.Helper()
	if way := os.Getenv("COFFER_THROUGH"); way != "" {
		s := startCluster(t, way)
		return s, s.client(t, s.root)
	}
	s := start(t)
	client := s.client(t, "")
	made := good(client.Sys().Init(&api.InitRequest{SecretShares: 5, SecretThreshold: 3}))
	s.keys, s.root = made.KeysB64, made.RootToken
	s.unseal(t, 3)
	return s, s.client(t, s.root)
}

func startCluster(t *testing.T, way string) *server {
	t.Helper()
	s := &server{through: way}
	process := exec.Command("python3", filepath.Join("..", "e2e", "cluster_through.py"), way)
	process.Stderr = &s.output
	input, output := good(process.StdinPipe()), good(process.StdoutPipe())
	must(t, process.Start())
	t.Cleanup(func() {
		must(t, input.Close())
		if err := process.Wait(); err != nil || t.Failed() {
			t.Errorf("the cluster: %v\n%s", err, s.output.String())
		}
	})
	var told struct {
		Address, CA, Root, Folder string
		Keys                      []string
	}
	if err := json.NewDecoder(output).Decode(&told); err != nil {
		t.Fatalf("no cluster: %v", err)
	}
	s.address, s.ca, s.root, s.folder, s.keys = told.Address, told.CA, told.Root, told.Folder, told.Keys
	return s
}

func (s *server) unseal(t *testing.T, threshold int) {
	t.Helper()
	client := s.client(t, "")
	for _, key := range s.keys[:threshold] {
		good(client.Sys().Unseal(key))
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		health, err := client.Sys().Health()
		if err == nil && health.Initialized && !health.Sealed && health.Standby == (s.through == "standby") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not active after unsealing: %+v %v", health, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *server) client(t *testing.T, token string) *api.Client {
	t.Helper()
	config := api.DefaultConfig()
	config.Address, config.MaxRetries = s.address, 0
	must(t, config.ConfigureTLS(&api.TLSConfig{CACert: s.ca}))
	client, err := api.NewClient(config)
	must(t, err)
	client.SetToken(token)
	return client
}

func (s *server) stop(t *testing.T) {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server ended by itself: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(30 * time.Second):
		_ = s.process.Process.Kill()
		<-ended
		t.Error("the server did not end on SIGTERM")
	}
	if t.Failed() {
		t.Logf("the server said:\n%s", s.output.String())
	}
}

func makeCertificates(t *testing.T, folder string) {
	t.Helper()
	from, to := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	caKey := good(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Vault Root CA"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	writePem(t, filepath.Join(folder, "ca.pem"), "CERTIFICATE",
		good(x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)))
	key := good(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "vault1.example.com"}, NotBefore: from, NotAfter: to,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost", "vault1.example.com"},
	}
	writePem(t, filepath.Join(folder, "leaf.pem"), "CERTIFICATE",
		good(x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)))
	writePem(t, filepath.Join(folder, "leaf-key.pem"), "PRIVATE KEY", good(x509.MarshalPKCS8PrivateKey(key)))
}

func writePem(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func withoutVault(all []string) (kept []string) {
	for _, one := range all {
		if !strings.HasPrefix(one, "VAULT_") && !strings.HasPrefix(one, "BAO_") {
			kept = append(kept, one)
		}
	}
	return kept
}

func freePort(t *testing.T) int {
	t.Helper()
	listener := good(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// good gives the value of a call that must not fail. It panics, as Go passes on several results to no function that
// takes more; the trace names the line, and the cleanups run.
func good[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
