package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const observability = "../../deploy/observability/"

// promtool runs Prometheus' own tool; what it says is an error's words.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("there is no promtool; test.sh installs it (Debian: prometheus)")
	}
	cmd := exec.Command("promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

// observed is a server with all that has metrics, after some of everything.
func observed(t *testing.T) *bucketed {
	t.Helper()
	b := startBucketed(t, "--lab-room", "lobby", "--backup", filepath.Join(t.TempDir(), "backups"))
	b.do(t, "GET", "/api/v1/me", "wrong", "", 401, nil)
	c := b.dial(t, b.ana)
	if err := c.Write(t.Context(), 1, []byte(`{"type":"ping","n":2}`)); err != nil {
		t.Fatal(err)
	}
	if f := read(t, c); !strings.Contains(f, `"pong"`) {
		t.Fatalf("got %s", f)
	}
	return b
}

func (r *running) metrics(t *testing.T) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Get(r.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("got %d, %v", res.StatusCode, err)
	}
	return string(text)
}

// families are the names in the text with their types.
func families(text string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)`).FindAllStringSubmatch(text, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// The names are such as Prometheus wants them, and docs/operations.md explains
// each of ours with its type.
func TestMetricsAreNamedAndExplained(t *testing.T) {
	b := observed(t)
	text := b.metrics(t)
	plain := regexp.MustCompile(`(?m)^[^#].*$`).FindAllString(text, -1)
	if len(plain) < 50 {
		t.Fatalf("only %d lines:\n%s", len(plain), text)
	}
	promtool(t, text, "check", "metrics")

	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(minichat_[a-z_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(doc), -1) {
		explained[m[1]] = m[2]
	}
	cert, key, _ := authority(t, 90*24*time.Hour)
	secure := start(t, filepath.Join(t.TempDir(), "secure"), "--tls", cert+","+key).metrics(t)
	promtool(t, secure, "check", "metrics")
	there := families(text)
	maps.Copy(there, families(secure))
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if strings.HasPrefix(name, "minichat_") && explained[name] != there[name] {
			t.Errorf("docs/operations.md has %s as %q, want %q", name, explained[name], there[name])
		}
	}
	for name := range explained {
		if there[name] == "" {
			t.Errorf("docs/operations.md explains %s, which is not there", name)
		}
	}
	for _, want := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes"} {
		if there[want] == "" {
			t.Errorf("%s is missing", want)
		}
	}
	for _, want := range []string{`minichat_refused_total{code="unauthenticated"} 1`, `minichat_socket_requests_total{type="ping"} 1`, "minichat_ready 1", "minichat_volume_ok 1", "minichat_files_available 1", `minichat_build_info{goversion="go`} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
	if regexp.MustCompile(`(?m)^minichat_store_commit_duration_seconds_count 0$`).MatchString(text) {
		t.Error("no commit was timed")
	}
	checkQueries(t, there)
}

// checkQueries holds the dashboard and the alerts against the metrics that are there.
func checkQueries(t *testing.T, there map[string]string) {
	t.Helper()
	var dashboard any
	b, err := os.ReadFile(observability + "grafana-dashboard.json")
	if err == nil {
		err = json.Unmarshal(b, &dashboard)
	}
	if err != nil {
		t.Fatal(err)
	}
	queries := texts(dashboard, "expr")
	if len(queries) < 30 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	rules, err := os.ReadFile(observability + "alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ +expr: "(.*)"$`).FindAllStringSubmatch(string(rules), -1) {
		queries = append(queries, m[1])
	}
	generated := "groups:\n- name: queries\n  rules:\n"
	for i, q := range queries {
		q = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", `\"`, `"`).Replace(q)
		generated += fmt.Sprintf("  - record: query:%d\n    expr: %q\n", i, q)
		for _, name := range regexp.MustCompile(`\b(?:minichat|process|go)_[a-z_]+\b`).FindAllString(q, -1) {
			if !measured(there, name) {
				t.Errorf("%s asks for %s, which is not there", q, name)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	if err := os.WriteFile(file, []byte(generated), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", file)
}

// measured reports whether a series of this name is there.
func measured(there map[string]string, name string) bool {
	if there[name] != "" && there[name] != "histogram" {
		return true
	}
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, end); ok && there[base] == "histogram" {
			return true
		}
	}
	return false
}

// texts gathers every text under key, however deep.
func texts(v any, key string) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if s, ok := inner.(string); ok && k == key {
				found = append(found, s)
			}
			found = append(found, texts(inner, key)...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, texts(inner, key)...)
		}
	}
	return found
}

// Each alert has a test, and Prometheus itself runs them.
func TestAlertRules(t *testing.T) {
	promtool(t, "", "check", "rules", observability+"alerts.yml")
	promtool(t, "", "test", "rules", observability+"alerts.test.yml", observability+"alerts.slow.test.yml")
	promtool(t, "", "check", "config", "--syntax-only", observability+"prometheus.yml")
	rules, err := os.ReadFile(observability + "alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var tests []byte
	for _, name := range []string{"alerts.test.yml", "alerts.slow.test.yml"} {
		b, err := os.ReadFile(observability + name)
		if err != nil {
			t.Fatal(err)
		}
		tests = append(tests, b...)
	}
	names := regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1)
	if len(names) < 10 {
		t.Fatalf("there are %d alerts", len(names))
	}
	for _, m := range names {
		if strings.Count(string(tests), "alertname: "+m[1]+"\n") < 2 {
			t.Errorf("%s has no test in which it is silent and one in which it speaks", m[1])
		}
	}
}

// What is wrong shows in /readyz and in the metrics without anybody using it,
// and what is mended does too.
func TestHealthTells(t *testing.T) {
	b := startBucketed(t)
	shows := func(ready int, says string, metrics ...string) {
		t.Helper()
		for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			res := ask(t, "GET", b.url+"/readyz", "", nil, 0)
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			text := b.metrics(t)
			ok := res.StatusCode == ready && strings.Contains(string(body), says)
			for _, m := range metrics {
				ok = ok && strings.Contains(text, "\n"+m+"\n")
			}
			if ok {
				return
			}
			if time.Now().After(until) {
				t.Fatalf("got %d %s, want %d %s and %q", res.StatusCode, body, ready, says, metrics)
			}
		}
	}
	shows(200, `"synchronous":"full"`, "minichat_ready 1", "minichat_volume_ok 1", "minichat_files_available 1")
	b.s3.Stop()
	shows(200, `"files":"unavailable"`, "minichat_ready 1", "minichat_files_available 0")
	b.s3.Start()
	shows(200, `"files":"ok"`, "minichat_files_available 1")

	marker := filepath.Join(b.data, markerName)
	right, err := os.ReadFile(marker)
	if err == nil {
		err = os.Remove(marker)
	}
	if err != nil {
		t.Fatal(err)
	}
	shows(503, "The volume of the data is not there", "minichat_ready 0", "minichat_volume_ok 0")
	if err := os.WriteFile(marker, right, 0o600); err != nil {
		t.Fatal(err)
	}
	shows(200, `"volume":"ok"`, "minichat_ready 1", "minichat_volume_ok 1")

	// Strangers hear no more than whether it is ready.
	req, err := http.NewRequest("GET", b.url+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.7")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), `"ready":true`) || strings.Contains(string(body), "sqlite") || strings.Contains(string(body), "disk") {
		t.Errorf("got %s, %v", body, err)
	}
}

// Profiles are at their own address alone, for programs of this machine.
func TestProfiles(t *testing.T) {
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s := start(t, filepath.Join(t.TempDir(), "data"), "--debug-listen", at)
	for _, c := range []struct {
		address, header, value string
		want                   int
	}{
		{"http://" + at + "/debug/pprof/", "Accept", "*/*", 200},
		{"http://" + at + "/debug/pprof/heap", "Accept", "*/*", 200},
		{"http://" + at + "/debug/pprof/goroutine?debug=1", "Accept", "*/*", 200},
		{"http://" + at + "/debug/pprof/", "Host", "evil.example", 403},
		{"http://" + at + "/debug/pprof/", "Origin", "http://evil.example", 403},
		{"http://" + at + "/debug/pprof/", "Sec-Fetch-Site", "cross-site", 403},
		{"http://" + at + "/", "Accept", "*/*", 404},
		{s.url + "/debug/pprof/", "Accept", "*/*", 404},
	} {
		req, err := http.NewRequest("GET", c.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(c.header, c.value)
		if c.header == "Host" {
			req.Host = c.value
		}
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s with %s: %s: got %d, want %d", c.address, c.header, c.value, res.StatusCode, c.want)
		}
	}
	code, _, stderr := command(t, "", "--data", filepath.Join(t.TempDir(), "d"), "--listen", "127.0.0.1:0", "--debug-listen", at)
	if code != 1 || !strings.Contains(stderr, "--debug-listen (MINICHAT_DEBUG_LISTEN): cannot listen on "+at) {
		t.Errorf("a port in use: ended with %d, %s", code, stderr)
	}
	code, _, stderr = command(t, "", "--data", filepath.Join(t.TempDir(), "d"), "--debug-listen", ":6060")
	if code != 1 || !strings.Contains(stderr, "127.0.0.1:6060") {
		t.Errorf("everybody's address: ended with %d, %s", code, stderr)
	}
}
