package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"minichat"
)

const centrifugoModule = "github.com/centrifugal/centrifugo/v6@v6.9.1"

// buildCentrifugo builds Centrifugo as its makers publish it, and writes what it
// needs to be a chat for the same people: its settings and a token for each.
func (b *bench) buildCentrifugo(ctx context.Context) error {
	secret := minichat.NewID(43)
	err := errors.Join(b.writeCentrifugoConfig(secret), b.writeJWTs(secret))
	if err != nil || b.has("centrifugo") {
		return err
	}
	dir, err := filepath.Abs(b.dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "install", centrifugoModule)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
	return output(cmd, "")
}

// writeCentrifugoConfig: who signs in may enter every channel and speak there,
// which says less than a membership, but is its cheapest way. Without a sign-in
// nothing is allowed. The address comes with the command line.
func (b *bench) writeCentrifugoConfig(secret string) error {
	type object map[string]any
	text, err := json.Marshal(object{
		"log":    object{"level": "error"},
		"client": object{"token": object{"hmac_secret_key": secret}, "allowed_origins": []string{"*"}},
		"channel": object{"without_namespace": object{
			"history_size": 1000, "history_ttl": "300s", "force_recovery": true,
			"allow_subscribe_for_client": true, "allow_publish_for_client": true,
		}},
	})
	return errors.Join(err, os.WriteFile(filepath.Join(b.dir, "centrifugo.json"), text, 0o600))
}

// writeJWTs writes as many tokens as there are people, one a line.
func (b *bench) writeJWTs(secret string) error {
	var tokens []string
	for i := range people {
		tokens = append(tokens, jwt(secret, fmt.Sprintf(`{"sub":"p%05d"}`, i)))
	}
	return os.WriteFile(filepath.Join(b.dir, "jwts"), []byte(strings.Join(tokens, "\n")), 0o600)
}

// jwt signs claims by HS256.
func jwt(secret, claims string) string {
	enc := base64.RawURLEncoding
	said := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(said))
	return said + "." + enc.EncodeToString(mac.Sum(nil))
}
