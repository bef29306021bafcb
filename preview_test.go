package minichat

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCheckPreview(t *testing.T) {
	encode := func(w, h int, how func(*bytes.Buffer, image.Image) error) []byte {
		picture := image.NewRGBA(image.Rect(0, 0, w, h))
		rnd := rand.New(rand.NewPCG(1, 2))
		for i := range picture.Pix {
			picture.Pix[i] = byte(rnd.UintN(256))
		}
		var b bytes.Buffer
		if err := how(&b, picture); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	asJPEG := func(b *bytes.Buffer, p image.Image) error { return jpeg.Encode(b, p, &jpeg.Options{Quality: 20}) }
	asPNG := func(b *bytes.Buffer, p image.Image) error { return png.Encode(b, p) }
	asGIF := func(b *bytes.Buffer, p image.Image) error { return gif.Encode(b, p, nil) }
	flat := func(w, h int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black})); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	url := func(typ string, b []byte) string {
		return "data:image/" + typ + ";base64," + base64.StdEncoding.EncodeToString(b)
	}
	small, tiny := encode(32, 24, asJPEG), encode(8, 8, asPNG)
	for name, row := range map[string]struct {
		s    string
		want Code // "": good
	}{
		"none":                     {"", ""},
		"a JPEG":                   {url("jpeg", small), ""},
		"a PNG":                    {url("png", tiny), ""},
		"64 points":                {url("png", flat(64, 64)), ""},
		"65 points wide":           {url("png", flat(65, 1)), TooLarge},
		"as large as a house":      {url("png", flat(1, 60000)), TooLarge},
		"more than 2048 bytes":     {url("png", encode(32, 32, asPNG)), TooLarge},
		"a GIF":                    {url("gif", encode(8, 8, asGIF)), BadField},
		"SVG":                      {"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg/>")), BadField},
		"a PNG that is a JPEG":     {url("png", small), BadField},
		"half a JPEG":              {url("jpeg", small[:len(small)/2]), BadField},
		"half a PNG":               {url("png", tiny[:len(tiny)-20]), BadField},
		"words":                    {"a picture", BadField},
		"an address":               {"https://example.org/a.png", BadField},
		"no base64":                {"data:image/png;base64,%%%", BadField},
		"base64 of another kind":   {strings.TrimRight(url("png", flat(2, 2)), "=") + "=\n", BadField},
		"with a parameter":         {strings.Replace(url("png", tiny), ";base64", ";charset=x;base64", 1), BadField},
		"nothing behind the comma": {"data:image/png;base64,", BadField},
	} {
		err := CheckPreview("preview", row.s)
		if row.want == "" && err != nil || row.want != "" && CodeOf(err) != row.want {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}
}
