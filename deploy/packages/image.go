package main

import (
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// imageUser is whom the program runs as in a container: nobody in particular.
const imageUser = 65532

// The types of what is in an image, https://github.com/opencontainers/image-spec.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// layout collects the blobs of an image.
type layout struct{ files []file }

func (l *layout) add(mediaType string, body []byte) descriptor {
	sum := fmt.Sprintf("%x", sha256.Sum256(body))
	name := "blobs/sha256/" + sum
	if !slices.ContainsFunc(l.files, func(f file) bool { return f.path == name }) {
		l.files = append(l.files, file{name, 0o644, body})
	}
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(body)}
}

func (l *layout) addJSON(mediaType string, v any) (descriptor, error) {
	body, err := json.Marshal(v)
	return l.add(mediaType, body), err
}

// image writes the container image of all Linux programs: an OCI layout in a tar.
func (r *release) image() error {
	var l layout
	var manifests []descriptor
	for _, t := range targets {
		if r.programs[t] == "" || t.os != "linux" {
			continue
		}
		d, err := r.manifest(&l, t)
		if err != nil {
			return fmt.Errorf("the image for %s: %w", t, err)
		}
		manifests = append(manifests, d)
	}
	all, err := l.addJSON(typeIndex, map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": manifests})
	if err != nil {
		return err
	}
	all.Annotations = map[string]string{"org.opencontainers.image.ref.name": r.version}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": []descriptor{all}})
	if err != nil {
		return err
	}
	body, err := tarball(append(l.files, file{"index.json", 0o644, index}, file{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)}), r.at)
	if err != nil {
		return err
	}
	return r.write("minichat-"+r.version+"-oci.tar", body)
}

// manifest adds the image of one processor: one layer and how it is run.
func (r *release) manifest(l *layout, t target) (descriptor, error) {
	content, err := r.imageFiles(t)
	if err != nil {
		return descriptor{}, err
	}
	plain, err := tarball(content, r.at)
	if err != nil {
		return descriptor{}, err
	}
	layer := l.add(typeLayer, compressed(plain))
	labels := map[string]string{
		"org.opencontainers.image.title": "MiniChat", "org.opencontainers.image.version": r.version, "org.opencontainers.image.licenses": "MIT",
	}
	config, err := l.addJSON(typeConfig, map[string]any{
		"created": r.at, "architecture": t.arch, "os": t.os,
		"config": map[string]any{
			"User": fmt.Sprintf("%d:%d", imageUser, imageUser), "WorkingDir": "/var/lib/minichat", "StopSignal": "SIGTERM",
			"Entrypoint": []string{"/usr/bin/minichat"}, "Cmd": []string{"serve"},
			"Env":          []string{"MINICHAT_DATA=/var/lib/minichat", "PATH=/usr/bin", "HOME=/var/lib/minichat"},
			"ExposedPorts": map[string]any{"8000/tcp": struct{}{}}, "Volumes": map[string]any{"/var/lib/minichat": struct{}{}}, "Labels": labels,
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(plain))}},
		"history": []map[string]any{{"created": r.at, "created_by": "deploy/packages"}},
	})
	if err != nil {
		return descriptor{}, err
	}
	d, err := l.addJSON(typeManifest, map[string]any{
		"schemaVersion": 2, "mediaType": typeManifest, "config": config, "layers": []descriptor{layer}, "annotations": labels,
	})
	d.Platform = map[string]string{"os": t.os, "architecture": t.arch}
	return d, err
}

// imageFiles is the whole file system of a container: no shell, no other program.
func (r *release) imageFiles(t target) ([]file, error) {
	program, err := r.program(t)
	program.path = "usr/bin/minichat"
	var roots []byte
	for root := range bundle.Roots() {
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
	}
	licences := r.extras[len(r.extras)-1]
	return []file{
		program,
		{"usr/" + licences.path, licences.mode, licences.body},
		{"etc/passwd", 0o644, fmt.Appendf(nil, "minichat:x:%d:%d:MiniChat:/var/lib/minichat:/nologin\n", imageUser, imageUser)},
		{"etc/group", 0o644, fmt.Appendf(nil, "minichat:x:%d:\n", imageUser)},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, roots},
		{"tmp", 0o777 | fs.ModeDir | fs.ModeSticky, nil},
		{"var/lib/minichat", 0o700 | fs.ModeDir, nil},
	}, err
}
