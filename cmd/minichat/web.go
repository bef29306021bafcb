package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"minichat/internal/config"
	"minichat/web"
)

type webWords struct {
	Export webExport `cmd:"" help:"Write the page to a folder, ready for a web server or bucket."`
}

type webExport struct {
	Dir    string `arg:"" help:"The folder; it is made. Files of the same names are replaced."`
	Server string `placeholder:"URL" help:"The MiniChat server that the page talks to, such as https://chat.example.org; the page's own host when left out. Start that server with --origins and the page's address."`
}

// Run writes the page.
func (c *webExport) Run(w *world) error {
	server := ""
	if c.Server != "" {
		var err error
		if server, err = config.Origin(c.Server); err != nil {
			return fmt.Errorf("--server: %w; use the address of the server, such as https://chat.example.org", err)
		}
	}
	err := fs.WalkDir(web.Files, ".", func(name string, d fs.DirEntry, err error) error {
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
		if body, err = exported(name, body, server); err != nil {
			return err
		}
		return os.WriteFile(to, body, 0o644)
	})
	if err != nil {
		return fmt.Errorf("write the page to %s: %w", c.Dir, err)
	}
	w.say("Wrote the page to %s.", c.Dir)
	return nil
}

// exported is one file of the page, made for a server elsewhere.
func exported(name string, body []byte, server string) ([]byte, error) {
	if server == "" {
		return body, nil
	}
	switch name {
	case "config.json":
		return json.Marshal(map[string]string{"server": server})
	case "index.html":
		return widened(body, server)
	}
	return body, nil
}

// widened lets the page's policy reach the server: for calls, pictures and films.
func widened(page []byte, server string) ([]byte, error) {
	socket := "ws" + strings.TrimPrefix(server, "http") // http -> ws, https -> wss
	text := string(page)
	for _, part := range []struct{ name, add string }{
		{"connect-src 'self'", " " + server + " " + socket},
		{"img-src 'self'", " " + server},
		{"media-src 'self'", " " + server},
	} {
		if strings.Count(text, part.name) != 1 {
			return nil, fmt.Errorf("the page's policy has not exactly one %s", part.name)
		}
		text = strings.Replace(text, part.name, part.name+part.add, 1)
	}
	return []byte(text), nil
}
