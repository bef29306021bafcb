package main

import (
	"context"

	"minichat/internal/httpd"
)

func (s *server) openLab(ctx context.Context) (httpd.Lab, error) { return nil, nil }
