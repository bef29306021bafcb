package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one file of an archive or package.
type file struct {
	path string
	mode fs.FileMode
	body []byte
}

// archive writes the program with its extras for people who unpack it themselves.
func (r *release) archive(t target) error {
	top := "minichat-" + r.version + "-" + t.String()
	program, err := r.program(t)
	if err != nil {
		return err
	}
	files := []file{program}
	if t.os != "windows" {
		files = append(files, r.extras...)
	} else {
		files = append(files, r.extras[len(r.extras)-1]) // the licences
		files[1].path = "LICENSES.txt"
	}
	for i := range files {
		files[i].path = path.Join(top, files[i].path)
	}
	if t.os == "windows" {
		body, err := zipped(files, r.at)
		if err != nil {
			return err
		}
		return r.write(top+".zip", body)
	}
	body, err := tarball(files, r.at)
	if err != nil {
		return err
	}
	return r.write(top+".tar.gz", compressed(body))
}

func (r *release) program(t target) (file, error) {
	body, err := os.ReadFile(r.programs[t])
	return file{filepath.Base(r.programs[t]), 0o755, body}, err
}

func (r *release) write(name string, body []byte) error {
	return os.WriteFile(filepath.Join(r.out, name), body, 0o644)
}

// tarball is a tar of files in the order of their names, of nobody and of one moment.
func tarball(files []file, at time.Time) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.path, Mode: int64(f.mode.Perm()), Size: int64(len(f.body)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if f.mode.IsDir() {
			h.Typeflag, h.Name = tar.TypeDir, f.path+"/"
			h.Uid, h.Gid = imageUser, imageUser // only an image has folders of its own
		}
		if f.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func zipped(files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.path, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		into, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := into.Write(f.body); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// compressed is gzip without a name and a time.
func compressed(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // the level is right, and memory does not fail
	}
	return out.Bytes()
}

// sums writes SHA256SUMS, and beside each package its own for who fetches that alone.
func (r *release) sums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, e := range entries { // in the order of their names
		body, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256(body), e.Name())
		all.WriteString(line)
		if ext := path.Ext(e.Name()); ext == ".deb" || ext == ".rpm" {
			if err := r.write(e.Name()+".sha256", []byte(line)); err != nil {
				return err
			}
		}
	}
	return r.write("SHA256SUMS", []byte(all.String()))
}
