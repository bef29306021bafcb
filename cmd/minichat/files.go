package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"minichat/internal/config"
	"minichat/internal/files"
	"minichat/internal/store"
)

// keeper is the place of the files, and what the door has to know of it.
type keeper struct {
	files.Store
	parts     func(http.ResponseWriter, *http.Request) error // nil: browsers send parts elsewhere
	origin    string                                         // of the bucket; "": none
	available func() bool                                    // nil: it is the disk
	skew      func() time.Duration                           // how far the bucket's clock is ahead; nil: it is the disk
	ours      *store.Store                                   // whose own folder it is; nil: others may have it too
}

// Owner is whose the files are. Those in the data folder stay its database's
// through every new epoch: nobody has them but who holds the folder's lock.
func (k *keeper) Owner(ctx context.Context) (files.Owner, error) {
	o, err := k.Store.Owner(ctx)
	if k.ours != nil && o.Database == k.ours.ID() && o.Epoch != k.ours.Epoch() {
		o.Epoch = "" // to be completed
	}
	return o, err
}

// openFiles opens the folder or the bucket of the settings; the caller closes.
func openFiles(ctx context.Context, cfg *config.Config, st *store.Store, log *slog.Logger) (*keeper, error) {
	if b := cfg.Bucket; b != nil {
		bucket, err := files.OpenS3(ctx, files.S3Options{
			Bucket: b.Name, Prefix: b.Prefix, Region: b.Region, Endpoint: b.Endpoint, PathStyle: b.PathStyle,
			Spool: filepath.Join(cfg.Data, "spool"), Log: log,
		})
		if err != nil {
			return nil, fmt.Errorf("the bucket for files, %s, cannot be used: %w", b.Name, err)
		}
		return &keeper{Store: bucket, origin: bucket.Origin(), available: bucket.Available, skew: bucket.Skew}, nil
	}
	secret, err := st.Secret(ctx, "files")
	if err != nil {
		return nil, err
	}
	disk, err := files.OpenDisk(cfg.FilesDir, secret)
	if err != nil {
		return nil, fmt.Errorf("the folder for files, %s, cannot be used: %w", cfg.FilesDir, err)
	}
	k := &keeper{Store: disk, parts: disk.ServePart}
	if isOwnFolder(cfg) {
		k.ours = st
	}
	return k, nil
}

// isOwnFolder reports whether the files lie in the data folder, so that nobody
// has them but who holds its lock. A link leads elsewhere.
func isOwnFolder(cfg *config.Config) bool {
	if cfg.Bucket != nil || cfg.FilesDir != filepath.Join(cfg.Data, "files") {
		return false
	}
	info, err := os.Lstat(cfg.FilesDir)
	return err == nil && info.IsDir()
}
