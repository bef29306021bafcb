package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
)

// ownerName is no key, so it is never taken for a file.
const ownerName = ".minichat-owner"

// errOwned is for whoever runs the server, whose words may name what to do.
func errOwned(owner, where string) error {
	return minichat.Errorf(minichat.Conflict, "The files belong to the database %s, not to this one, which must not clear up there. Use another folder, bucket or prefix, or, if that database is gone for good, delete %s.", owner, where)
}

// Own marks the folder; see Store.
func (d *Disk) Own(ctx context.Context, id string) error {
	b, err := d.root.ReadFile(ownerName)
	if errors.Is(err, fs.ErrNotExist) {
		return failure("mark the folder for files", d.mark(id))
	}
	if err != nil {
		return failure("read the mark of the folder for files", err)
	}
	if owner := strings.TrimSpace(string(b)); owner != id {
		return errOwned(owner, ownerName+" there")
	}
	return nil
}

func (d *Disk) mark(id string) error {
	name := ownerName + "-" + randomName()
	f, err := d.create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteString(id + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, d.root.Remove(name))
	}
	return errors.Join(d.root.Rename(name, ownerName), d.syncDir("."))
}

// Own marks the bucket under the prefix; see Store.
func (s *S3) Own(ctx context.Context, id string) error {
	owner := ""
	err := s.call(ctx, "read the mark of the bucket", within, func(ctx context.Context) error {
		out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: s.object(ownerName)})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		b, err := io.ReadAll(io.LimitReader(out.Body, 256))
		owner = strings.TrimSpace(string(b))
		return err
	})
	switch {
	case minichat.CodeOf(err) == minichat.NotFound:
		return s.call(ctx, "mark the bucket", within, func(ctx context.Context) error {
			_, err := s.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.o.Bucket, Key: s.object(ownerName),
				Body: strings.NewReader(id + "\n"), ContentType: aws.String(plainBytes)})
			return err
		})
	case err == nil && owner != id:
		return errOwned(owner, s.o.Prefix+ownerName+" in the bucket")
	}
	return err
}
