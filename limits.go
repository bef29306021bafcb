package minichat

import (
	"fmt"
	"reflect"
	"strings"
)

// Limits are the figures of docs/protocol.md, "Limits", under their names on
// the wire. 0 means no limit. A Limits is set before the server starts and
// never changed after.
type Limits struct {
	FrameBytes                int64 `json:"frame_bytes"`
	HelloBytes                int64 `json:"hello_bytes"`
	TextBytes                 int64 `json:"text_bytes"`
	FilesPerMessage           int64 `json:"files_per_message"`
	MentionsPerMessage        int64 `json:"mentions_per_message"`
	ReactionsPerMessage       int64 `json:"reactions_per_message"` // different emoji
	JSONDepth                 int64 `json:"json_depth"`
	WatchedRooms              int64 `json:"watched_rooms"` // a connection
	ConnectionsPerUser        int64 `json:"connections_per_user"`
	UnansweredRequests        int64 `json:"unanswered_requests"`
	PostsPerSecond            int64 `json:"posts_per_second"` // a user; 0 lifts PostBurst too
	PostBurst                 int64 `json:"post_burst"`
	BadFramesPerMinute        int64 `json:"bad_frames_per_minute"`
	UnreadyConnectionsPerAddr int64 `json:"unready_connections_per_address"`
	ConnectionsPerAddr        int64 `json:"connections_per_address"`
	RoomsPerUser              int64 `json:"rooms_per_user"`
	SigninFailuresPerMinute   int64 `json:"signin_failures_per_minute"`             // an account
	SigninFailuresPerMinuteIP int64 `json:"signin_failures_per_minute_per_address"` // an address
	AltBytes                  int64 `json:"alt_bytes"`
	FileBytes                 int64 `json:"file_bytes"`
	FilesBytesPerUser         int64 `json:"files_bytes_per_user"`
	FilesBytesTotal           int64 `json:"files_bytes_total"`
	UnusedFilesPerUser        int64 `json:"unused_files_per_user"` // on their way, or in no message yet
	FileGraceSeconds          int64 `json:"file_grace_s"`          // bytes of deleted files stay, unreadable, for older backups
	UploadTTLSeconds          int64 `json:"upload_ttl_s"`
	LabConnectionsPerAddr     int64 `json:"lab_connections_per_address"`
	LabPostsPerSecond         int64 `json:"lab_posts_per_second"`             // a connection
	LabPostsPerSecondPerAddr  int64 `json:"lab_posts_per_second_per_address"` // an address
	LabHistory                int64 `json:"lab_history"`                      // messages
}

// DefaultLimits protect a server that nobody has tuned.
func DefaultLimits() Limits {
	return Limits{
		FrameBytes: 64 << 10, HelloBytes: 4 << 10, TextBytes: 16 << 10,
		FilesPerMessage: 10, MentionsPerMessage: 100, ReactionsPerMessage: 50,
		JSONDepth: 16, WatchedRooms: 1000, ConnectionsPerUser: 10, UnansweredRequests: 64,
		PostsPerSecond: 20, PostBurst: 40, BadFramesPerMinute: 100,
		UnreadyConnectionsPerAddr: 8192, RoomsPerUser: 10000,
		SigninFailuresPerMinute: 10, SigninFailuresPerMinuteIP: 100,
		AltBytes: 1000, FileBytes: 1 << 30, FilesBytesPerUser: 10 << 30, FilesBytesTotal: 100 << 30, UnusedFilesPerUser: 1000,
		FileGraceSeconds: 86400, UploadTTLSeconds: 86400,
		LabConnectionsPerAddr: 500, LabPostsPerSecond: 5, LabPostsPerSecondPerAddr: 50,
		LabHistory: 10000,
	}
}

// LimitNames lists the names that Set takes, in the order of the struct.
func LimitNames() []string {
	t := reflect.TypeFor[Limits]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("json")
	}
	return names
}

// Set changes one limit by its name on the wire.
func (l *Limits) Set(name string, value int64) error {
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") != name {
			continue
		}
		if value < 0 {
			return fmt.Errorf("limit %s: %d is below 0; 0 means no limit", name, value)
		}
		v.Field(i).SetInt(value)
		return nil
	}
	return fmt.Errorf("no limit is called %q; there are: %s", name, strings.Join(LimitNames(), ", "))
}
