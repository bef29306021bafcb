package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"minichat/internal/config"
	"minichat/internal/httpd"
	"minichat/web"
)

type webWords struct {
	Export webExport `cmd:"" help:"Write the page to a folder, ready for a web server or bucket."`
}

type webExport struct {
	Dir         string `arg:"" help:"The folder; it is made. Files of the same names are replaced."`
	Server      string `placeholder:"URL" help:"The MiniChat server that the page talks to, such as https://chat.example.org; the page's own host when left out. Start that server with --origins and the page's address."`
	FilesOrigin string `placeholder:"URL" help:"The bucket that the server keeps files in, as the server names it at its start; left out when they are on the server's disk."`
}

// Run writes the page.
func (c *webExport) Run(w *world) error {
	server, err := originOf("server", c.Server, "the address of the server, such as https://chat.example.org")
	if err != nil {
		return err
	}
	bucket, err := originOf("files-origin", c.FilesOrigin, "the address that the server named at its start")
	if err != nil {
		return err
	}
	err = fs.WalkDir(web.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(c.Dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		body, err := fs.ReadFile(web.Files, name)
		if err != nil {
			return err
		}
		if body, err = exported(name, body, server, bucket); err != nil {
			return err
		}
		return os.WriteFile(strings.TrimSuffix(to, ".gz"), body, 0o644)
	})
	if err != nil {
		return fmt.Errorf("write the page to %s: %w", c.Dir, err)
	}
	w.say("Wrote the page to %s.", c.Dir)
	return nil
}

func originOf(flag, value, use string) (string, error) {
	if value == "" {
		return "", nil
	}
	o, err := config.Origin(value)
	if err != nil {
		return "", fmt.Errorf("--%s: %w; use %s", flag, err, use)
	}
	return o, nil
}

// exported is one file of the page, made for a server and a bucket elsewhere;
// "" is the page's own host.
func exported(name string, body []byte, server, bucket string) ([]byte, error) {
	switch {
	case strings.HasSuffix(name, ".gz"): // not every web server says how it is packed
		return httpd.Unpack(body)
	case name == "config.json" && server != "":
		return json.Marshal(map[string]string{"server": server})
	case name == "index.html" && server+bucket != "":
		var calls, shows []string
		if server != "" {
			socket := "ws" + strings.TrimPrefix(server, "http") // http -> ws, https -> wss
			calls, shows = append(calls, server, socket), append(shows, server)
		}
		if bucket != "" {
			calls, shows = append(calls, bucket), append(shows, bucket)
		}
		text, err := httpd.Widen(string(body), calls, shows)
		return []byte(text), err
	}
	return body, nil
}
