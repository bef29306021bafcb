package minichat

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"strings"
)

// A preview is a picture of a few points that is shown until the file is there.
const (
	maxPreview     = 2048 // bytes of the picture, before base64
	maxPreviewSide = 64   // points
)

// maxPoints is how many points a picture may have that pages open by themselves:
// a few bytes can say that there are billions, and each takes four when it is drawn.
const maxPoints = 40_000_000

// IsHugePicture reports whether a picture has too many points for that, by its
// beginning or by what its uploader says of it.
func IsHugePicture(head []byte, width, height int64) bool {
	c, _, err := image.DecodeConfig(bytes.NewReader(head)) // of a JPEG it may stand further on
	return width*height > maxPoints || err == nil && int64(c.Width)*int64(c.Height) > maxPoints
}

// CheckPreview answers nil if s is "" or a data: URL of a PNG or JPEG that is
// small and whole. Its errors are bad_field and too_large, with the field's name.
func CheckPreview(field, s string) error {
	if s == "" {
		return nil
	}
	typ, text, ok := strings.Cut(s, ";base64,")
	config, decode := previewForm(typ)
	if !ok || decode == nil {
		return FieldError(BadField, field, "A preview is a data: URL of image/jpeg or image/png, in base64.")
	}
	if len(text) > base64.StdEncoding.EncodedLen(maxPreview) {
		return FieldError(TooLarge, field, "A preview has at most %d bytes.", maxPreview)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return FieldError(BadField, field, "The base64 of the preview is not right.")
	}
	// The size first: a picture of two thousand bytes may say that it is as large as a house.
	if c, err := config(b); err == nil && (c.Width > maxPreviewSide || c.Height > maxPreviewSide) {
		return FieldError(TooLarge, field, "A preview is at most %d points wide and high.", maxPreviewSide)
	} else if err != nil || decode(b) != nil {
		return FieldError(BadField, field, "The preview is not a whole picture of the type that it says.")
	}
	return nil
}

// previewForm is how to read a preview of that type; nil: there are none.
func previewForm(typ string) (config func([]byte) (image.Config, error), decode func([]byte) error) {
	switch typ {
	case "data:image/jpeg":
		return func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := jpeg.Decode(bytes.NewReader(b)); return err }
	case "data:image/png":
		return func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := png.Decode(bytes.NewReader(b)); return err }
	}
	return nil, nil
}
