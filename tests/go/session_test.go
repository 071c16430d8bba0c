package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"
)

func TestInitUnsealAndHealth(t *testing.T) {
	s := start(t)
	client := s.client(t, "")
	if good(client.Sys().InitStatus()) {
		t.Fatal("initialised before init")
	}
	health := good(client.Sys().Health())
	if health.Initialized || !health.Sealed {
		t.Fatalf("%+v", health)
	}
	made := good(client.Sys().Init(&api.InitRequest{SecretShares: 3, SecretThreshold: 2}))
	if len(made.Keys) != 3 || len(made.KeysB64) != 3 || !strings.HasPrefix(made.RootToken, "hvs.") {
		t.Fatalf("%d %d shares", len(made.Keys), len(made.KeysB64))
	}
	if _, err := client.Sys().Init(&api.InitRequest{SecretShares: 1, SecretThreshold: 1}); status(err) != 400 {
		t.Fatalf("a second init: %v", err)
	}
	if step := good(client.Sys().Unseal(made.Keys[0])); !step.Sealed || step.Progress != 1 || step.T != 2 || step.N != 3 {
		t.Fatalf("%+v", step)
	}
	if step := good(client.Sys().ResetUnsealProcess()); step.Progress != 0 {
		t.Fatalf("%+v", step)
	}
	s.keys, s.root = made.KeysB64, made.RootToken
	s.unseal(t, 2)
	root := s.client(t, s.root)
	sealStatus := good(root.Sys().SealStatus())
	if sealStatus.Sealed || sealStatus.Type != "shamir" || sealStatus.StorageType != "raft" || sealStatus.ClusterID == "" {
		t.Fatalf("%+v", sealStatus)
	}
	leader := good(root.Sys().Leader())
	if !leader.HAEnabled || !leader.IsSelf || leader.LeaderAddress != s.address {
		t.Fatalf("%+v", leader)
	}
	must(t, root.Sys().Seal())
	if !good(client.Sys().SealStatus()).Sealed {
		t.Fatal("not sealed")
	}
	if _, err := root.Logical().Read("sys/mounts"); status(err) != 503 {
		t.Fatalf("a sealed node answers %v", err)
	}
	s.unseal(t, 2)
}

func TestKVVersion1(t *testing.T) {
	_, client := ready(t)
	ctx := context.Background()
	must(t, client.Sys().Mount("plain", &api.MountInput{Type: "kv", Options: map[string]string{"version": "1"}}))
	kv := client.KVv1("plain")
	must(t, kv.Put(ctx, "a/b", map[string]any{"user": "ann", "count": 3}))
	read := good(kv.Get(ctx, "a/b"))
	if read.Data["user"] != "ann" || read.Data["count"] != json.Number("3") {
		t.Fatalf("%v", read.Data)
	}
	listed := good(client.Logical().List("plain"))
	if !reflect.DeepEqual(listed.Data["keys"], []any{"a/"}) {
		t.Fatalf("%v", listed.Data)
	}
	must(t, kv.Delete(ctx, "a/b"))
	if _, err := kv.Get(ctx, "a/b"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("%v", err)
	}
}

func TestKVVersion2(t *testing.T) {
	_, client := ready(t)
	ctx := context.Background()
	must(t, client.Sys().Mount("secret", &api.MountInput{Type: "kv-v2"}))
	kv := client.KVv2("secret")
	first := good(kv.Put(ctx, "app", map[string]any{"password": "one"}, api.WithCheckAndSet(0)))
	if first.VersionMetadata.Version != 1 {
		t.Fatalf("%+v", first.VersionMetadata)
	}
	if _, err := kv.Put(ctx, "app", map[string]any{"password": "two"}, api.WithCheckAndSet(0)); status(err) != 400 ||
		!strings.Contains(err.Error(), "check-and-set parameter did not match the current version") {
		t.Fatalf("%v", err)
	}
	good(kv.Put(ctx, "app", map[string]any{"password": "two"}, api.WithCheckAndSet(1)))
	patched := good(kv.Patch(ctx, "app", map[string]any{"user": "ann"}))
	if patched.VersionMetadata.Version != 3 {
		t.Fatalf("%+v", patched.VersionMetadata)
	}
	good(kv.Patch(ctx, "app", map[string]any{"more": "x"}, api.WithMergeMethod(api.KVMergeMethodReadWrite)))
	now := good(kv.Get(ctx, "app"))
	if !reflect.DeepEqual(now.Data, map[string]any{"password": "two", "user": "ann", "more": "x"}) {
		t.Fatalf("%v", now.Data)
	}
	if old := good(kv.GetVersion(ctx, "app", 1)); old.Data["password"] != "one" {
		t.Fatalf("%v", old.Data)
	}
	must(t, kv.DeleteVersions(ctx, "app", []int{1}))
	if deleted := good(kv.GetVersion(ctx, "app", 1)); deleted.Data != nil || deleted.VersionMetadata.DeletionTime.IsZero() {
		t.Fatalf("%+v", deleted)
	}
	must(t, kv.Undelete(ctx, "app", []int{1}))
	must(t, kv.Destroy(ctx, "app", []int{2}))
	if gone := good(kv.GetVersion(ctx, "app", 2)); !gone.VersionMetadata.Destroyed {
		t.Fatalf("%+v", gone.VersionMetadata)
	}
	good(kv.Rollback(ctx, "app", 1))
	if versions := good(kv.GetVersionsAsList(ctx, "app")); len(versions) != 5 {
		t.Fatalf("%d versions", len(versions))
	}
	must(t, kv.PutMetadata(ctx, "app", api.KVMetadataPutInput{MaxVersions: 3, CustomMetadata: map[string]any{"owner": "ann"}}))
	must(t, kv.PatchMetadata(ctx, "app", api.KVMetadataPatchInput{CustomMetadata: map[string]any{"team": "a"}}))
	metadata := good(kv.GetMetadata(ctx, "app"))
	if metadata.MaxVersions != 3 || metadata.CurrentVersion != 5 || metadata.CustomMetadata["owner"] != "ann" ||
		metadata.CustomMetadata["team"] != "a" {
		t.Fatalf("%+v", metadata)
	}
	must(t, kv.DeleteMetadata(ctx, "app"))
	if _, err := kv.Get(ctx, "app"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("%v", err)
	}
}

func TestPoliciesAndTokens(t *testing.T) {
	s, client := ready(t)
	must(t, client.Sys().Mount("plain", &api.MountInput{Type: "kv"}))
	rules := `path "plain/open/*" { capabilities = ["read", "list"] }`
	must(t, client.Sys().PutPolicy("reader", rules))
	if got := good(client.Sys().GetPolicy("reader")); got != rules {
		t.Fatal(got)
	}
	if names := good(client.Sys().ListPolicies()); !contains(names, "reader") || !contains(names, "root") {
		t.Fatal(names)
	}
	good(client.Logical().Write("plain/open/x", map[string]any{"value": "v"}))
	made := good(client.Auth().Token().Create(&api.TokenCreateRequest{
		Policies: []string{"reader"}, TTL: "1h", DisplayName: "app", Metadata: map[string]string{"team": "a"},
	}))
	reader := s.client(t, made.Auth.ClientToken)
	if good(reader.Logical().Read("plain/open/x")).Data["value"] != "v" {
		t.Fatal("the reader does not read")
	}
	for _, path := range []string{"plain/closed", "sys/mounts"} {
		if _, err := reader.Logical().Read(path); status(err) != 403 {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if got := good(client.Sys().Capabilities(made.Auth.ClientToken, "plain/open/x")); !reflect.DeepEqual(got, []string{"list", "read"}) {
		t.Fatal(got)
	}
	self := good(reader.Auth().Token().LookupSelf())
	if got := good(self.TokenMetadata()); got["team"] != "a" {
		t.Fatal(got)
	}
	by := good(client.Auth().Token().LookupAccessor(made.Auth.Accessor))
	if by.Data["id"] != "" || by.Data["display_name"] != "token-app" {
		t.Fatalf("%v", by.Data)
	}
	must(t, client.Auth().Token().RevokeAccessor(made.Auth.Accessor))
	if _, err := reader.Auth().Token().LookupSelf(); status(err) != 403 {
		t.Fatalf("%v", err)
	}
	good(client.Logical().Write("auth/token/roles/batches", map[string]any{"token_type": "batch", "orphan": true, "renewable": false}))
	batch := good(client.Auth().Token().CreateWithRole(&api.TokenCreateRequest{Policies: []string{"reader"}}, "batches"))
	if !strings.HasPrefix(batch.Auth.ClientToken, "hvb.") {
		t.Fatal("no batch token")
	}
}

func TestWrapping(t *testing.T) {
	s, client := ready(t)
	must(t, client.Sys().Mount("plain", &api.MountInput{Type: "kv"}))
	good(client.Logical().Write("plain/x", map[string]any{"value": "v"}))
	wrapping := s.client(t, s.root)
	wrapping.SetWrappingLookupFunc(func(string, string) string { return "5m" })
	wrapped := good(wrapping.Logical().Read("plain/x"))
	if wrapped.WrapInfo == nil || wrapped.WrapInfo.TTL != 300 || wrapped.WrapInfo.CreationPath != "plain/x" {
		t.Fatalf("%+v", wrapped)
	}
	if opened := good(client.Logical().Unwrap(wrapped.WrapInfo.Token)); opened.Data["value"] != "v" {
		t.Fatalf("%v", opened.Data)
	}
	if _, err := client.Logical().Unwrap(wrapped.WrapInfo.Token); status(err) != 400 {
		t.Fatalf("opened twice: %v", err)
	}
	again := good(wrapping.Logical().Read("plain/x"))
	bearer := s.client(t, again.WrapInfo.Token)
	if opened := good(bearer.Logical().Unwrap("")); opened.Data["value"] != "v" {
		t.Fatalf("%v", opened.Data)
	}
}

func TestAudit(t *testing.T) {
	s, client := ready(t)
	path := filepath.Join(s.folder, "audit.log")
	must(t, client.Sys().EnableAuditWithOptions("file", &api.EnableAuditOptions{
		Type: "file", Options: map[string]string{"file_path": path},
	}))
	devices := good(client.Sys().ListAudit())
	if devices["file/"] == nil || devices["file/"].Options["file_path"] != path {
		t.Fatalf("%+v", devices)
	}
	good(client.Logical().Write("cubbyhole/x", map[string]any{"value": "canary-for-the-log"}))
	hash := good(client.Sys().AuditHash("file", "canary-for-the-log"))
	log := string(good(os.ReadFile(path)))
	if strings.Contains(log, "canary") || !strings.Contains(log, hash) {
		t.Fatal("the log holds the value, or not its hash")
	}
	must(t, client.Sys().DisableAudit("file"))
	if left := good(client.Sys().ListAudit()); len(left) != 0 {
		t.Fatalf("%+v", left)
	}
}

func TestRekeyAndRotate(t *testing.T) {
	s, client := ready(t)
	must(t, client.Sys().Rotate())
	if got := good(client.Sys().KeyStatus()); got.Term != 2 {
		t.Fatalf("%+v", got)
	}
	started := good(client.Sys().RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2}))
	if !started.Started || started.Nonce == "" || started.Required != 3 {
		t.Fatalf("%+v", started)
	}
	var last *api.RekeyUpdateResponse
	for _, key := range s.keys[:3] {
		last = good(client.Sys().RekeyUpdate(key, started.Nonce))
	}
	if !last.Complete || len(last.KeysB64) != 3 {
		t.Fatalf("%+v", last)
	}
	s.keys = last.KeysB64
	// Behind the proxy it would be any node that is sealed.
	if s.through != "front" {
		must(t, client.Sys().Seal())
		s.unseal(t, 2)
	}
	attempt := good(client.Sys().GenerateRootInit("", ""))
	var generated *api.GenerateRootStatusResponse
	for _, key := range s.keys[:2] {
		generated = good(client.Sys().GenerateRootUpdate(key, attempt.Nonce))
	}
	if !generated.Complete || generated.EncodedToken == "" {
		t.Fatalf("%+v", generated)
	}
}

func TestMountsAndAuthMethods(t *testing.T) {
	_, client := ready(t)
	mounts := good(client.Sys().ListMounts())
	if _, there := mounts["secret/"]; there || mounts["cubbyhole/"] == nil || mounts["sys/"] == nil {
		t.Fatalf("%v", mounts)
	}
	must(t, client.Sys().Mount("team", &api.MountInput{
		Type: "kv", Description: "of a team", Config: api.MountConfigInput{DefaultLeaseTTL: "1h", MaxLeaseTTL: "2h"},
	}))
	must(t, client.Sys().TuneMount("team", api.MountConfigInput{MaxLeaseTTL: "3h", ListingVisibility: "unauth"}))
	tuned := good(client.Sys().MountConfig("team"))
	if tuned.MaxLeaseTTL != 3*3600 || tuned.DefaultLeaseTTL != 3600 || tuned.ListingVisibility != "unauth" {
		t.Fatalf("%+v", tuned)
	}
	must(t, client.Sys().Remount("team", "moved"))
	if good(client.Sys().ListMounts())["moved/"] == nil {
		t.Fatal("not moved")
	}
	must(t, client.Sys().Unmount("moved"))
	must(t, client.Sys().EnableAuthWithOptions("people", &api.EnableAuthOptions{Type: "userpass"}))
	if good(client.Sys().ListAuth())["people/"].Type != "userpass" {
		t.Fatal("not enabled")
	}
	must(t, client.Sys().DisableAuth("people"))
}

// status gives the HTTP status of a refused call.
func status(err error) int {
	var refused *api.ResponseError
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	if err == nil {
		return http.StatusOK
	}
	return 0
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}
