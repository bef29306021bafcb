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

// Owner is whose a place is: a database in one of its histories. A copy that was
// restored has the same Database and another Epoch, and knows of other files.
type Owner struct{ Database, Epoch string }

// Own marks the place as o's, unless it is marked already. Marked for another:
// conflict, with words for whoever runs the server, and nothing is to be removed
// there.
func Own(ctx context.Context, s Store, o Owner) error {
	now, err := s.Owner(ctx)
	switch {
	case err != nil || now == o:
		return err
	case now == Owner{} || now == Owner{Database: o.Database}: // before there were epochs in it
		return s.SetOwner(ctx, o)
	case now.Database == o.Database:
		return minichat.Errorf(minichat.Conflict, "The files are those of another copy of this database (its epoch is %s, here it is %s), which may still run, such as the server that the backup was of. "+
			"Nothing is removed there. Use another folder, bucket or prefix; or, if no other server has these files any more, run minichat files take.", now.Epoch, o.Epoch)
	}
	return errOther(now.Database)
}

// Take is Own, but also takes the place over from another copy of the database,
// which removes nothing there from then on.
func Take(ctx context.Context, s Store, o Owner) error {
	now, err := s.Owner(ctx)
	switch {
	case err != nil || now == o:
		return err
	case now.Database != "" && now.Database != o.Database:
		return errOther(now.Database)
	}
	return s.SetOwner(ctx, o)
}

func errOther(id string) error {
	return minichat.Errorf(minichat.Conflict, "The files belong to the database %s, not to this one, which must not clear up there. Use another folder, bucket or prefix, or, if that database is gone for good, delete %s there.", id, ownerName)
}

func (o Owner) text() string { return o.Database + " " + o.Epoch + "\n" }

func readOwner(r io.Reader) (Owner, error) {
	b, err := io.ReadAll(io.LimitReader(r, 256))
	if err != nil {
		return Owner{}, err
	}
	switch words := strings.Fields(string(b)); len(words) {
	case 1:
		return Owner{Database: words[0]}, nil
	case 2:
		return Owner{Database: words[0], Epoch: words[1]}, nil
	}
	return Owner{}, minichat.Errorf(minichat.Conflict, "Whose the files are cannot be read from %s there: it is damaged. If no other server has these files, delete it.", ownerName)
}

// Owner reads the mark in the folder; see Store.
func (d *Disk) Owner(context.Context) (Owner, error) {
	f, err := d.root.Open(ownerName)
	if errors.Is(err, fs.ErrNotExist) {
		return Owner{}, nil
	}
	if err != nil {
		return Owner{}, failure("read the mark of the folder for files", err)
	}
	defer f.Close() // it was only read
	o, err := readOwner(f)
	return o, failure("read the mark of the folder for files", err)
}

// SetOwner marks the folder; see Store.
func (d *Disk) SetOwner(_ context.Context, o Owner) error {
	return failure("mark the folder for files", d.mark(o))
}

func (d *Disk) mark(o Owner) error {
	name := ownerName + "-" + randomName()
	f, err := d.create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteString(o.text())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, d.root.Remove(name))
	}
	return errors.Join(d.root.Rename(name, ownerName), d.syncDir("."))
}

// Owner reads the mark under the prefix; see Store.
func (s *S3) Owner(ctx context.Context) (o Owner, err error) {
	err = s.call(ctx, "read the mark of the bucket", within, func(ctx context.Context) error {
		out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: s.object(ownerName)})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		o, err = readOwner(out.Body)
		return err
	})
	if minichat.CodeOf(err) == minichat.NotFound {
		return Owner{}, nil
	}
	return o, err
}

// SetOwner marks the bucket under the prefix; see Store.
func (s *S3) SetOwner(ctx context.Context, o Owner) error {
	return s.call(ctx, "mark the bucket", within, func(ctx context.Context) error {
		_, err := s.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.o.Bucket, Key: s.object(ownerName),
			Body: strings.NewReader(o.text()), ContentType: aws.String(plainBytes)})
		return err
	})
}
