package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEverythingIsThere(t *testing.T) {
	entries, err := os.ReadDir(built.out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, strings.ReplaceAll(e.Name(), firstVersion, "V"))
	}
	want := []string{
		"SHA256SUMS", "minichat-V-1.aarch64.rpm", "minichat-V-1.aarch64.rpm.sha256", "minichat-V-1.x86_64.rpm", "minichat-V-1.x86_64.rpm.sha256",
		"minichat-V-darwin-amd64.cdx.json", "minichat-V-darwin-amd64.tar.gz", "minichat-V-darwin-arm64.cdx.json", "minichat-V-darwin-arm64.tar.gz",
		"minichat-V-linux-amd64.cdx.json", "minichat-V-linux-amd64.tar.gz", "minichat-V-linux-arm64.cdx.json", "minichat-V-linux-arm64.tar.gz",
		"minichat-V-oci.tar", "minichat-V-windows-amd64.cdx.json", "minichat-V-windows-amd64.zip",
		"minichat_V_amd64.deb", "minichat_V_amd64.deb.sha256", "minichat_V_arm64.deb", "minichat_V_arm64.deb.sha256",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	sh(t, "sh", "-c", "cd "+built.out+" && sha256sum -c --quiet SHA256SUMS")
}

// aws.md 12, check 12: the same commit gives the same bytes, from another folder
// and at another time. Two of the five programs are compiled again.
func TestReproducible(t *testing.T) {
	source := filepath.Join(t.TempDir(), "elsewhere", "checkout")
	if err := os.MkdirAll(source, 0o700); err != nil {
		t.Fatal(err)
	}
	sh(t, "sh", "-c", "cd "+built.source+" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf - | tar -xf - -C "+source)
	again := &release{source: source, out: t.TempDir(), version: firstVersion, at: built.at, programs: maps.Clone(built.programs)}
	err := again.compile(t.Context(), t.TempDir(), []target{{"linux", "amd64"}, {"windows", "amd64"}})
	if err = errors.Join(err, again.assemble(t.Context())); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(built.out, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(again.out, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the first time\n%s\nthe second time\n%s", want, got)
	}
}

// The programs are promised to have 30 MB at most. They have a good deal less as
// long as nothing in them looks up methods by their names, for then the linker
// leaves out what nobody calls (cmd/minichat/words.go); text/template is such.
func TestSize(t *testing.T) {
	const most = 27_000_000
	for system, program := range built.programs {
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most {
			t.Errorf("%s: %d bytes, more than %d: go build -ldflags=-dumpdep ./cmd/minichat 2>&1 | grep ReflectMethod", system, info.Size(), most)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, version := range []string{"", "1", "v1.0.0", "1.0.0+meta", "1.0.0-rc_1", "01.0.0", "1.0.0 ; rm"} {
		if _, err := newRelease(t.Context(), version, t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no version") {
			t.Errorf("%q: got %v", version, err)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "old.deb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newRelease(t.Context(), "1.0.0", full); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a folder that is not empty: got %v", err)
	}
}

// aws.md 12, check 14: every module that "go version -m" finds is in the bill.
func TestBill(t *testing.T) {
	for tg, program := range built.programs {
		body, err := os.ReadFile(filepath.Join(built.out, fmt.Sprintf("minichat-%s-%s.cdx.json", firstVersion, tg)))
		if err != nil {
			t.Fatal(err)
		}
		modules := 0
		for line := range strings.Lines(sh(t, "go", "version", "-m", program)) {
			if f := strings.Fields(line); len(f) == 4 && f[0] == "dep" {
				modules++
				if !bytes.Contains(body, []byte(`"pkg:golang/`+f[1]+"@"+f[2]+`"`)) {
					t.Errorf("%s: %s %s is not in the bill", tg, f[1], f[2])
				}
			}
		}
		if modules < 20 {
			t.Errorf("%s: only %d modules were found in the program", tg, modules)
		}
	}
}

// aws.md 12, check 13: the image's blobs are what their names say, it runs as
// nobody in particular, and there is no other program in it.
func TestImage(t *testing.T) {
	body, err := os.ReadFile(filepath.Join(built.out, "minichat-"+firstVersion+"-oci.tar"))
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, body)
	for name, b := range files {
		if sum, ok := strings.CutPrefix(name, "blobs/sha256/"); ok && sum != fmt.Sprintf("%x", sha256.Sum256(b)) {
			t.Errorf("the blob %s has other bytes", name)
		}
	}
	blob := func(d descriptor, into any) {
		b := files["blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
		if len(b) != d.Size {
			t.Fatalf("%s has %d bytes, not %d", d.Digest, len(b), d.Size)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	var top, all struct{ Manifests []descriptor }
	if err := json.Unmarshal(files["index.json"], &top); err != nil || len(top.Manifests) != 1 {
		t.Fatalf("index.json: %v, %d manifests", err, len(top.Manifests))
	}
	blob(top.Manifests[0], &all)
	var platforms []string
	for _, d := range all.Manifests {
		platforms = append(platforms, d.Platform["os"]+"/"+d.Platform["architecture"])
		var manifest struct {
			Config descriptor
			Layers []descriptor
		}
		blob(d, &manifest)
		var config struct {
			Architecture string
			Config       struct {
				User       string
				Entrypoint []string
			}
			Rootfs struct {
				IDs []string `json:"diff_ids"`
			}
		}
		blob(manifest.Config, &config)
		if config.Config.User != "65532:65532" || config.Architecture != d.Platform["architecture"] || !slices.Equal(config.Config.Entrypoint, []string{"/usr/bin/minichat"}) {
			t.Errorf("%s: got %+v", platforms, config)
		}
		z, err := gzip.NewReader(bytes.NewReader(files["blobs/"+strings.Replace(manifest.Layers[0].Digest, ":", "/", 1)]))
		if err != nil {
			t.Fatal(err)
		}
		layer, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("sha256:%x", sha256.Sum256(layer)); got != config.Rootfs.IDs[0] {
			t.Errorf("%s: the layer is %s, the config says %s", platforms, got, config.Rootfs.IDs[0])
		}
		names := slices.Sorted(maps.Keys(unpacked(t, layer)))
		want := []string{"etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "tmp/", "usr/bin/minichat", "usr/share/doc/minichat/copyright", "var/lib/minichat/"}
		if !slices.Equal(names, want) {
			t.Errorf("%s: there is %q", platforms, names)
		}
	}
	if !slices.Equal(platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("got %q", platforms)
	}
}

func unpacked(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(body)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
