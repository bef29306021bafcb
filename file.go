package minichat

// File is an attachment or an avatar as others see it.
type File struct {
	ID      string `json:"file"`
	Name    string `json:"name"` // for display only, cleaned by CleanFilename
	Size    int64  `json:"size"` // bytes
	Type    string `json:"type"` // media type as the server sniffed it
	Width   int64  `json:"width,omitempty"`
	Height  int64  `json:"height,omitempty"`
	Alt     string `json:"alt,omitempty"`
	Preview string `json:"preview,omitempty"` // a data: URL, see CheckPreview
}
