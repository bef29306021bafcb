package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
)

const (
	locks     = "locks/"
	renewEach = 30 * time.Second
	staleAt   = 5 * time.Minute // since it was last renewed: whoever held it is gone
)

// objectLock is an object that is written anew while it is held. All ages are
// differences of times that the bucket itself noted, so no clocks are compared.
type objectLock struct {
	b    *bucket
	name string
	stop context.CancelFunc
	done sync.WaitGroup
}

// lock writes its own object and then looks for others: of two who come at the
// same time at least one sees the other.
func (b *bucket) lock(ctx context.Context) (lease, error) {
	l := &objectLock{b: b, name: locks + minichat.NewID(16)}
	if err := l.write(ctx); err != nil {
		return nil, err
	}
	others, err := l.others(ctx)
	if err == nil && len(others) > 0 {
		err = errors.New("another backup to this bucket and prefix is under way, or was cut off within the last five minutes. Wait for it")
	}
	if err != nil {
		return nil, errors.Join(err, b.remove(context.WithoutCancel(ctx), l.name))
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.done.Go(func() { l.renew(renewing) })
	return l, nil
}

func (l *objectLock) write(ctx context.Context) error {
	return l.b.put(ctx, l.name, strings.NewReader("a backup is under way\n"))
}

// others names the locks that are alive, and removes those that are not.
func (l *objectLock) others(ctx context.Context) (alive []string, err error) {
	at := map[string]time.Time{}
	full := l.b.prefix + locks
	pages := s3.NewListObjectsV2Paginator(l.b.api, &s3.ListObjectsV2Input{Bucket: &l.b.name, Prefix: &full})
	for pages.HasMorePages() {
		err := l.b.call(ctx, "list", locks, within, func(ctx context.Context) error {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, o := range page.Contents {
				at[strings.TrimPrefix(aws.ToString(o.Key), l.b.prefix)] = aws.ToTime(o.LastModified)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	mine, ok := at[l.name]
	if !ok {
		return nil, fmt.Errorf("the lock %s is gone: %w", l.name, fs.ErrNotExist)
	}
	for name, seen := range at {
		switch {
		case name == l.name:
		case mine.Sub(seen) < staleAt:
			alive = append(alive, name)
		default:
			err = errors.Join(err, l.b.remove(ctx, name))
		}
	}
	return alive, err
}

// renew goes on when it fails; held will tell.
func (l *objectLock) renew(ctx context.Context) {
	tick := time.NewTicker(renewEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := l.others(ctx); errors.Is(err, fs.ErrNotExist) {
			return // somebody took it for stale; it must not come back
		}
		_ = l.write(ctx)
	}
}

// held reports whether nobody has taken the lock for stale.
func (l *objectLock) held(ctx context.Context) error {
	if _, err := l.others(ctx); err != nil {
		return fmt.Errorf("the backup took too long between two signs of life: %w", err)
	}
	return nil
}

func (l *objectLock) release() {
	l.stop()
	l.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = l.b.remove(ctx, l.name) // one that stays is stale in five minutes
}
