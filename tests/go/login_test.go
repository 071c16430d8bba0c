package client

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
	"github.com/hashicorp/vault/api/auth/userpass"
)

func TestUserpassLogin(t *testing.T) {
	s, client := ready(t)
	must(t, client.Sys().EnableAuthWithOptions("userpass", &api.EnableAuthOptions{Type: "userpass"}))
	good(client.Logical().Write("auth/userpass/users/ann", map[string]any{"password": "pw", "token_ttl": "1h"}))
	method := good(userpass.NewUserpassAuth("ann", &userpass.Password{FromString: "pw"}))
	ann := s.client(t, "")
	login := good(ann.Auth().Login(context.Background(), method))
	if login.Auth.LeaseDuration != 3600 || login.Auth.EntityID == "" || login.Auth.Metadata["username"] != "ann" {
		t.Fatalf("%+v", login.Auth)
	}
	if self := good(ann.Auth().Token().LookupSelf()); self.Data["path"] != "auth/userpass/login/ann" {
		t.Fatalf("%v", self.Data)
	}
	wrong := good(userpass.NewUserpassAuth("ann", &userpass.Password{FromString: "other"}))
	if _, err := s.client(t, "").Auth().Login(context.Background(), wrong); status(err) != 400 {
		t.Fatalf("%v", err)
	}
}

func TestAppRoleLogin(t *testing.T) {
	s, client := ready(t)
	must(t, client.Sys().EnableAuthWithOptions("approle", &api.EnableAuthOptions{Type: "approle"}))
	good(client.Logical().Write("auth/approle/role/web", map[string]any{
		"token_policies": "default", "token_ttl": "10m", "token_max_ttl": "1h", "secret_id_num_uses": 2,
	}))
	role := good(client.Logical().Read("auth/approle/role/web/role-id")).Data["role_id"].(string)
	wrapping := s.client(t, s.root)
	wrapping.SetWrappingLookupFunc(func(string, string) string { return "60s" })
	wrapped := good(wrapping.Logical().Write("auth/approle/role/web/secret-id", nil)).WrapInfo.Token
	method := good(approle.NewAppRoleAuth(role, &approle.SecretID{FromString: wrapped}, approle.WithWrappingToken()))
	web := s.client(t, "")
	if login := good(web.Auth().Login(context.Background(), method)); login.Auth.Metadata["role_name"] != "web" {
		t.Fatalf("%+v", login.Auth)
	}
	if renewed := good(web.Auth().Token().RenewSelf(300)); renewed.Auth.LeaseDuration != 300 {
		t.Fatalf("%+v", renewed.Auth)
	}
}

func TestLeasesOfTokens(t *testing.T) {
	s, client := ready(t)
	made := good(client.Auth().Token().Create(&api.TokenCreateRequest{TTL: "1h"}))
	leases := good(client.Logical().List("sys/leases/lookup/auth/token/create"))
	keys, _ := leases.Data["keys"].([]any)
	if len(keys) != 1 {
		t.Fatalf("%v", leases.Data)
	}
	lease := "auth/token/create/" + keys[0].(string)
	found := good(client.Sys().Lookup(lease))
	if found.Data["id"] != lease || found.Data["renewable"] != true {
		t.Fatalf("%v", found.Data)
	}
	must(t, client.Sys().RevokePrefix("auth/token/create"))
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := s.client(t, made.Auth.ClientToken).Auth().Token().LookupSelf()
		if status(err) == 403 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still valid: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// The watcher renews a short token until its maximum, and tells the end.
func TestLifetimeWatcher(t *testing.T) {
	s, client := ready(t)
	made := good(client.Auth().Token().Create(&api.TokenCreateRequest{TTL: "2s", ExplicitMaxTTL: "7s"}))
	own := s.client(t, made.Auth.ClientToken)
	watcher := good(own.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: made}))
	began := time.Now()
	go watcher.Start()
	defer watcher.Stop()
	renewals := 0
	for {
		select {
		case renewal := <-watcher.RenewCh():
			if !renewal.Secret.Auth.Renewable {
				t.Fatalf("%+v", renewal.Secret.Auth)
			}
			renewals++
		case err := <-watcher.DoneCh():
			lived := time.Since(began)
			if err != nil || renewals < 2 || lived < 4*time.Second {
				t.Fatalf("%d renewals in %v: %v", renewals, lived, err)
			}
			return
		case <-time.After(30 * time.Second):
			t.Fatalf("no end after %d renewals", renewals)
		}
	}
}
