package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// component is one part in a bill of materials, https://cyclonedx.org/docs/1.5/json/.
type component struct {
	Type    string              `json:"type"`
	Ref     string              `json:"bom-ref"`
	Name    string              `json:"name"`
	Version string              `json:"version"`
	PURL    string              `json:"purl,omitempty"`
	Hashes  []map[string]string `json:"hashes,omitempty"`
}

// modules is what is linked into a program, the first of all targets or of one.
func (r *release) modules(t target) ([]*debug.Module, string, error) {
	info, err := buildinfo.ReadFile(r.programs[t])
	if err != nil {
		return nil, "", fmt.Errorf("read what %s is built of: %w", t, err)
	}
	for i, m := range info.Deps {
		if m.Replace != nil {
			info.Deps[i] = m.Replace
		}
	}
	return info.Deps, info.GoVersion, nil
}

// bill writes which modules are in the program.
func (r *release) bill(t target) error {
	modules, goVersion, err := r.modules(t)
	if err != nil {
		return err
	}
	program, err := r.program(t)
	if err != nil {
		return err
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(program.body))
	parts := []component{{Type: "library", Ref: "std", Name: "std", Version: strings.TrimPrefix(goVersion, "go"), PURL: "pkg:golang/std@" + strings.TrimPrefix(goVersion, "go")}}
	refs := []string{"std"}
	for _, m := range modules {
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		part := component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
		if b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(b) == sha256.Size {
			part.Hashes = []map[string]string{{"alg": "SHA-256", "content": fmt.Sprintf("%x", b)}}
		}
		parts, refs = append(parts, part), append(refs, purl)
	}
	main := component{Type: "application", Ref: "minichat", Name: "minichat", Version: r.version, Hashes: []map[string]string{{"alg": "SHA-256", "content": sum}}}
	body, err := json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"serialNumber": serial(sum),
		"metadata":     map[string]any{"timestamp": r.at.Format(time.RFC3339), "component": main},
		"components":   parts,
		"dependencies": []map[string]any{{"ref": "minichat", "dependsOn": refs}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return r.write(fmt.Sprintf("minichat-%s-%s.cdx.json", r.version, t), append(body, '\n'))
}

// serial is a UUID that the program's sum decides.
func serial(sum string) string {
	return "urn:uuid:" + strings.Join([]string{sum[:8], sum[8:12], "8" + sum[13:16], "8" + sum[17:20], sum[20:32]}, "-")
}

// licences is what the authors of all that is linked want to be handed on.
func (r *release) licences(ctx context.Context) ([]byte, error) {
	ours, err := os.ReadFile(filepath.Join(r.source, "LICENSE"))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "MiniChat\n\n%s", ours)
	seen := map[string]bool{}
	var names []string
	for _, t := range targets {
		if r.programs[t] == "" {
			continue
		}
		modules, _, err := r.modules(t)
		if err != nil {
			return nil, err
		}
		for _, m := range modules {
			if name := m.Path + "@" + m.Version; !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		dir, err := r.moduleDir(ctx, name)
		if err == nil {
			err = appendLicences(&b, name, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err == nil {
		err = appendLicences(&b, "the Go standard library", strings.TrimSpace(string(goroot)))
	}
	if err == nil {
		err = appendLicences(&b, "the page's libraries", filepath.Join(r.source, "web", "vendor"))
	}
	return b.Bytes(), err
}

// moduleDir is where the module cache has a module.
func (r *release) moduleDir(ctx context.Context, name string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", name)
	cmd.Dir = r.source
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the module %s: %w", name, err)
	}
	var found struct{ Dir string }
	err = json.Unmarshal(out, &found)
	return found.Dir, err
}

// appendLicences adds every licence and notice that lies in dir; without one it fails.
func appendLicences(b *bytes.Buffer, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := 0
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(upper, "LICEN") && !strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "NOTICE") && !strings.HasPrefix(upper, "PATENTS") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("-", 72), name, e.Name(), bytes.TrimSpace(body))
		found++
	}
	if found == 0 {
		return fmt.Errorf("%s has no licence in %s: what may be done with it?", name, dir)
	}
	return nil
}
