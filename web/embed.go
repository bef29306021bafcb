// Package web holds the page: plain files that a browser runs as they are.
package web

import "embed"

// Files is the page, with index.html at its root.
//
//go:embed index.html config.json vendor app style icons
var Files embed.FS
