package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"minichat"
)

// backend opens one kind of Store for the suite. open may be called again on
// the same place: it is the server started anew.
type backend struct {
	name  string
	place func(t *testing.T) (open func() (s Store, base string))
	wrong func(t *testing.T, good string, u, other Upload) map[string]string // the URL of u's part 2, changed
}

// Every Store passes every test here; another kind is one line.
var backends = []backend{
	{"disk", diskPlace, wrongOnDisk},
	{"s3", s3Place, wrongInS3},
}

func eachStore(t *testing.T, fn func(t *testing.T, open func() (Store, string))) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { fn(t, b.place(t)) })
	}
}

func TestUploadOneAndManyParts(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		for _, size := range []int64{1, 511, 512, 513, leastPart - 1, leastPart, leastPart + 1, 2*leastPart + 12345} {
			data := noise(uint64(size), size)
			u := start(t, s, size)
			for _, n := range rand.Perm(u.Count()) {
				sendPart(t, s, base, u, n+1, partOf(u, data, n+1), http.StatusOK)
			}
			info, err := s.Complete(t.Context(), u)
			if err != nil {
				t.Fatalf("size %d: complete: %v", size, err)
			}
			if info.Size != size || !bytes.Equal(info.Head, data[:min(size, 512)]) || info.SHA256 != sumIn(s, u, data) {
				t.Errorf("size %d: got info %d %s, want %d %s and the head", size, info.Size, info.SHA256, size, sumIn(s, u, data))
			}
			wantFile(t, s, u.Key, data)
		}
	})
}

func TestPartsInParallel(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		data := noise(1, 5*leastPart+77)
		u := start(t, s, int64(len(data)))
		var wg sync.WaitGroup
		for n := 1; n <= u.Count(); n++ {
			for range 2 { // each twice at the same time, too
				wg.Go(func() { sendPart(t, s, base, u, n, partOf(u, data, n), http.StatusOK) })
			}
		}
		wg.Wait()
		complete(t, s, u)
		wantFile(t, s, u.Key, data)
	})
}

func TestUploadGoesOnAfterRestart(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		data := noise(2, 3*leastPart)
		u := start(t, s, int64(len(data)))
		sendPart(t, s, base, u, 2, partOf(u, data, 2), http.StatusOK)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s, base = open()
		wantParts(t, s, u, 2)
		sendPart(t, s, base, u, 1, partOf(u, data, 1), http.StatusOK)
		sendPart(t, s, base, u, 3, partOf(u, data, 3), http.StatusOK)
		wantParts(t, s, u, 1, 2, 3)
		complete(t, s, u)
		s.Close()

		s, _ = open()
		wantFile(t, s, u.Key, data)
	})
}

func TestPartSentAgainReplaces(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		for _, size := range []int64{1000, 2*leastPart + 5} {
			data, other := noise(3, size), noise(4, size)
			u := start(t, s, size)
			for n := 1; n <= u.Count(); n++ {
				sendPart(t, s, base, u, n, partOf(u, other, n), http.StatusOK)
			}
			for n := 1; n <= u.Count(); n++ {
				sendPart(t, s, base, u, n, partOf(u, data, n), http.StatusOK)
				sendPart(t, s, base, u, n, partOf(u, data, n), http.StatusOK)
			}
			complete(t, s, u)
			wantFile(t, s, u.Key, data)
		}
	})
}

func TestCompleteIsExactAndRepeatable(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		data := noise(5, 2*leastPart+1)
		u := start(t, s, int64(len(data)))
		for _, n := range []int{3, 1} {
			sendPart(t, s, base, u, n, partOf(u, data, n), http.StatusOK)
		}
		_, err := s.Complete(t.Context(), u)
		wantCode(t, "complete with part 2 missing", err, minichat.Conflict)
		if err != nil && !strings.Contains(err.Error(), "2") {
			t.Errorf("the error does not name the missing part: %v", err)
		}
		_, _, err = s.Open(t.Context(), u.Key)
		wantCode(t, "open before complete", err, minichat.NotFound)

		sendPart(t, s, base, u, 2, partOf(u, data, 2), http.StatusOK)
		first := complete(t, s, u)
		wantParts(t, s, u, 1, 2, 3)
		again := complete(t, s, u)
		if again.SHA256 != first.SHA256 || again.Size != first.Size || !bytes.Equal(again.Head, first.Head) {
			t.Errorf("second complete: got %+v, want %+v", again, first)
		}
		sendPart(t, s, base, u, 3, []byte{6}, http.StatusNotFound)
		wantFile(t, s, u.Key, data)
	})
}

func TestPartURLGivesThatPartOnly(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			wrongURLs := b.wrong
			s, base := b.place(t)()
			data := noise(7, leastPart+1000)
			u, other := start(t, s, int64(len(data))), start(t, s, int64(len(data)))
			soon := time.Now().Add(time.Minute)
			good := partURL(t, s, u, 2, soon) // a small one: who refuses it may hang up before it has read all
			wrong := wrongURLs(t, good, u, other)
			wrong["expired"] = partURL(t, s, u, 2, time.Now().Add(-time.Second))
			for name, url := range wrong {
				if got := put(t, base+url, data[leastPart:]); got < 400 {
					t.Errorf("%s: got status %d, want it refused", name, got)
				}
			}
			wantParts(t, s, u)
			wantParts(t, s, other)
			for _, n := range []int{-1, 0, 3, 1 << 40} {
				_, err := s.PartURL(t.Context(), u, n, soon)
				wantCode(t, fmt.Sprint("URL of part ", n), err, minichat.BadField)
			}
			if got := put(t, base+good, data[leastPart:]); got != http.StatusOK {
				t.Errorf("the right URL: got status %d, want 200", got)
			}
		})
	}
}

// Row 49: nothing is begun for no bytes.
func TestStartRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, _ := open()
		for _, size := range []int64{0, -1} {
			_, err := s.Start(t.Context(), minichat.NewID(22), size, "text/plain")
			wantCode(t, fmt.Sprint("start of ", size, " bytes"), err, minichat.BadField)
		}
		for _, key := range []string{"", "short", "../../../etc/passwd", "a/../../../b", strings.Repeat("k", 65)} {
			_, err := s.Start(t.Context(), key, 10, "text/plain")
			wantCode(t, "start under key "+key, err, minichat.NotFound)
			_, err = s.Put(t.Context(), key, "text/plain", strings.NewReader("x"), 0)
			wantCode(t, "put under key "+key, err, minichat.NotFound)
			_, _, err = s.Open(t.Context(), key)
			wantCode(t, "open key "+key, err, minichat.NotFound)
		}
	})
}

func TestAbortAndUnknownUploads(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		u := start(t, s, 100)
		sendPart(t, s, base, u, 1, noise(8, 100), http.StatusOK)
		for range 2 {
			if err := s.Abort(t.Context(), u); err != nil {
				t.Fatalf("abort: %v", err)
			}
		}
		sendPart(t, s, base, u, 1, noise(8, 100), http.StatusNotFound)
		_, err := s.Complete(t.Context(), u)
		wantCode(t, "complete after abort", err, minichat.NotFound)
		_, err = s.Parts(t.Context(), u)
		wantCode(t, "parts after abort", err, minichat.NotFound)

		mine, theirs := start(t, s, 100), start(t, s, 100)
		sendPart(t, s, base, theirs, 1, noise(9, 100), http.StatusOK)
		_, err = s.Complete(t.Context(), Upload{Key: mine.Key, ID: theirs.ID, Size: 100, PartSize: mine.PartSize, Type: mine.Type})
		wantCode(t, "complete another's upload under my key", err, minichat.NotFound)
		complete(t, s, theirs)
		if err := s.Abort(t.Context(), theirs); err != nil {
			t.Fatalf("abort after complete: %v", err)
		}
		wantFile(t, s, theirs.Key, noise(9, 100))
	})
}

func TestPutAndDelete(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, _ := open()
		data := noise(10, 1<<20)
		key := minichat.NewID(22)
		info, err := s.Put(t.Context(), key, "image/png", bytes.NewReader(data), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if info.Size != 1<<20 || info.SHA256 != hex.EncodeToString(sum[:]) || !bytes.Equal(info.Head, data[:512]) {
			t.Errorf("got %d %s, want %d %x and the head", info.Size, info.SHA256, len(data), sum)
		}
		wantFile(t, s, key, data)
		for range 2 {
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatalf("delete: %v", err)
			}
		}
		_, _, err = s.Open(t.Context(), key)
		wantCode(t, "open after delete", err, minichat.NotFound)
	})
}

func TestPutKeepsNothingThatIsNotWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, _ := open()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for name, c := range map[string]struct {
			ctx  context.Context
			r    io.Reader
			code minichat.Code
		}{
			"one byte too many": {t.Context(), bytes.NewReader(make([]byte, 1001)), minichat.TooLarge},
			"without an end":    {t.Context(), endless{}, minichat.TooLarge},
			"cut":               {t.Context(), io.MultiReader(strings.NewReader("abc"), cut{}), minichat.BadField},
			"empty":             {t.Context(), strings.NewReader(""), minichat.Empty},
			"called off":        {ended, strings.NewReader("abc"), minichat.Internal},
		} {
			key := minichat.NewID(22)
			_, err := s.Put(c.ctx, key, "text/plain", c.r, 1000)
			wantCode(t, name, err, c.code)
			_, _, err = s.Open(t.Context(), key)
			wantCode(t, name+": open", err, minichat.NotFound)
		}
	})
}

func TestSweep(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, base := open()
		stale, done, lost := start(t, s, 100), start(t, s, 100), start(t, s, 100)
		for _, u := range []Upload{stale, done, lost} {
			sendPart(t, s, base, u, 1, noise(11, 100), http.StatusOK)
		}
		complete(t, s, done)
		complete(t, s, lost)
		known := func(key string) bool { return key == done.Key }

		sweep(t, s, time.Now().Add(-time.Hour), known, 0)
		wantParts(t, s, stale, 1)
		wantFile(t, s, lost.Key, noise(11, 100))

		sweep(t, s, time.Now().Add(time.Hour), known, 2)
		_, err := s.Parts(t.Context(), stale)
		wantCode(t, "parts of a swept upload", err, minichat.NotFound)
		_, _, err = s.Open(t.Context(), lost.Key)
		wantCode(t, "open a swept file", err, minichat.NotFound)
		wantFile(t, s, done.Key, noise(11, 100))
	})
}

// A place is one copy's of one database: no other database gets it, and another
// copy only by taking it over. A mark from before there were epochs is completed.
func TestOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() (Store, string)) {
		s, _ := open()
		first, copied, other := Owner{"database1", "epoch1"}, Owner{"database1", "epoch2"}, Owner{"database2", "epoch1"}
		for i, c := range []struct {
			mark func(context.Context, Store, Owner) error
			by   Owner
			code minichat.Code
			then Owner
		}{
			{Own, first, "", first}, {Own, first, "", first}, {Own, other, minichat.Conflict, first}, {Take, other, minichat.Conflict, first},
			{Own, copied, minichat.Conflict, first}, {Take, copied, "", copied}, {Own, first, minichat.Conflict, copied}, {Own, copied, "", copied},
		} {
			wantCode(t, fmt.Sprintf("step %d by %v", i, c.by), c.mark(t.Context(), s, c.by), c.code)
			wantOwner(t, s, c.then)
		}
		if err := s.SetOwner(t.Context(), Owner{Database: "database1"}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "own what has no epoch as another database", Own(t.Context(), s, other), minichat.Conflict)
		wantCode(t, "own what has no epoch", Own(t.Context(), s, first), "")
		wantOwner(t, s, first)
		if err := s.SetOwner(t.Context(), Owner{"three words", "stand there"}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "own what cannot be read", Own(t.Context(), s, first), minichat.Conflict)
		wantCode(t, "take what cannot be read", Take(t.Context(), s, first), minichat.Conflict)
		sweep(t, s, time.Now().Add(time.Hour), func(string) bool { return false }, 0)
	})
}

func wantOwner(t *testing.T, s Store, want Owner) {
	t.Helper()
	if got, err := s.Owner(t.Context()); err != nil || got != want {
		t.Errorf("owner: got %v, %v, want %v", got, err, want)
	}
}

func TestPartSize(t *testing.T) {
	for size, want := range map[int64]int64{
		1: 8 << 20, 1 << 30: 8 << 20, 5 << 30: 8 << 20, 80000 << 20: 8 << 20, 80000<<20 + 1: 9 << 20, 5 << 40: 525 << 20,
	} {
		u := Upload{Size: size, PartSize: partSize(size)}
		var sum int64
		for n := 1; n <= u.Count(); n++ {
			sum += u.PartBytes(n)
		}
		if u.PartSize != want || u.Count() > mostParts || sum != size || u.PartBytes(u.Count()+1) != 0 {
			t.Errorf("size %d: got parts of %d, %d of them, %d bytes in all; want parts of %d", size, u.PartSize, u.Count(), sum, want)
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func noise(seed uint64, size int64) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)}).Read(b)
	return b
}

func partOf(u Upload, data []byte, number int) []byte {
	from := int64(number-1) * u.PartSize
	return data[from : from+u.PartBytes(number)]
}

// sumIn is sumOf where the store sees the bytes, else "".
func sumIn(s Store, u Upload, data []byte) string {
	if _, direct := s.(*S3); direct {
		return ""
	}
	return sumOf(u, data)
}

// sumOf says by itself what Info.SHA256 promises.
func sumOf(u Upload, data []byte) string {
	if u.Count() == 1 {
		return fmt.Sprintf("%x", sha256.Sum256(data))
	}
	var sums []byte
	for part := range slices.Chunk(data, int(u.PartSize)) {
		sum := sha256.Sum256(part)
		sums = append(sums, sum[:]...)
	}
	return fmt.Sprintf("%x-%d", sha256.Sum256(sums), u.Count())
}
