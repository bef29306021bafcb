package protocol

import (
	"errors"
	"maps"

	"minichat"
)

const goldenAt = 1767225600000 // 2026-01-01 00:00 UTC

var (
	ana = minichat.User{ID: "u1", Handle: "ana", Name: "Ana", Color: "teal", Avatar: "f9", Role: minichat.Owner}
	ben = minichat.User{ID: "u2", Handle: "ben", Name: "Ben", Color: "amber", Role: minichat.Member}
	bot = minichat.User{ID: "u3", Handle: "standup", Name: "Standup", Color: "sky", Role: minichat.Member, Bot: true}

	picture = minichat.File{ID: "f1", Name: "plan.png", Size: 48213, Type: "image/png", Width: 1280, Height: 720, Alt: "A map of the town", Preview: "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4EaCBFTEMLQkAaplQAc/OcKAAAAAASUVORK5CYII="}
	table   = minichat.File{ID: "f2", Name: "costs \"2026\".ods", Size: 9120, Type: "application/octet-stream"}

	general = minichat.Room{ID: "r1", Kind: minichat.Channel, Name: "general", Topic: "What concerns everybody", Head: 120, Read: 97, Unread: 4, Mentions: 1, Members: 12}
	secret  = minichat.Room{ID: "r2", Kind: minichat.Private, Name: "surprise", Head: 7, Read: 7, Members: 3, Role: minichat.Admin}
	pair    = minichat.Room{ID: "r3", Kind: minichat.Direct, Head: 2, Read: 1, Unread: 1, Mentions: 1, Members: 2, With: []string{"u2"}}
)

// serverFrames is every frame that a server sends, by golden file.
func serverFrames() map[string][]byte {
	frames := map[string][]byte{
		"welcome": AppendWelcome(nil, 1, Welcome{
			Conn: "c1", Epoch: "p1", User: ana, Rooms: []minichat.Room{general, secret, pair},
			Limits: EncodeLimits(minichat.DefaultLimits()), HeartbeatMS: 25000, Server: "minichat/1.2.0",
		}),
		"welcome-norooms": AppendWelcome(nil, 1, Welcome{
			Conn: "c2", Epoch: "p1", User: bot, Limits: EncodeLimits(minichat.DefaultLimits()), HeartbeatMS: 25000, Server: "minichat/1.2.0",
		}),
		"synced":       AppendSynced(nil, "r1", 120),
		"reset-epoch":  AppendReset(nil, "r1", ResetEpoch, 0, 64),
		"reset-cursor": AppendReset(nil, "r1", ResetCursor, 0, 64),
		"reset-floor":  AppendReset(nil, "r1", ResetFloor, 1001, 1800),
		"reset-access": AppendReset(nil, "r2", ResetAccess, 0, 0),
		"room":         AppendRoom(nil, general),
		"room-private": AppendRoom(nil, secret),
		"room-direct":  AppendRoom(nil, pair),
		"room-archived": AppendRoom(nil, minichat.Room{
			ID: "r4", Kind: minichat.Channel, Name: "old plans", Head: 1800, Floor: 1001, Read: 1800, Members: 5, Archived: true,
		}),
		"gone-left":    AppendGone(nil, "r2", GoneLeft),
		"gone-removed": AppendGone(nil, "r2", GoneRemoved),
		"gone-deleted": AppendGone(nil, "r2", GoneDeleted),
		"heads":        AppendHeads(nil, []Head{{"r1", 131, 5, 1}, {"r3", 3, 2, 2}}),
		"pong":         AppendPong(nil, 19, []RoomHead{{"r1", 131}, {"r2", 7}}),
		"pong-none":    AppendPong(nil, 19, nil),
		"bye-restart":  AppendBye(nil, 1012, "The server restarts.", 3120),
		"bye-overload": AppendBye(nil, 1013, "The server has too much to do.", 15000),
		"bye-flood":    AppendBye(nil, 4009, "Too many frames that could not be read.", 60000),
	}
	maps.Copy(frames, goldenSignals())
	maps.Copy(frames, goldenAnswers())
	maps.Copy(frames, goldenEvents())
	return frames
}

func goldenSignals() map[string][]byte {
	return map[string][]byte{
		"signal-typing":        AppendSignalTyping(nil, "r1", "u2", 0, 5000),
		"signal-typing-thread": AppendSignalTyping(nil, "r1", "u2", 121, 5000),
		"signal-presence":      AppendSignalPresence(nil, PresenceSignal{Room: "r1", On: []string{"u2"}, Away: []string{"u4"}, Off: []string{"u5", "u6"}, Count: 7}),
		"signal-presence-many": AppendSignalPresence(nil, PresenceSignal{Room: "r1", Count: 812}),
		"signal-read":          AppendSignalRead(nil, "r1", 123, 0, 0),
		"signal-user":          AppendSignalUser(nil, ben),
	}
}

func goldenAnswers() map[string][]byte {
	at := int64(goldenAt)
	return map[string][]byte{
		"ok":            AppendOK(nil, 3, OK{}),
		"ok-watch":      AppendOK(nil, 2, OK{Head: ptr[int64](120), Online: []string{"u1", "u2"}, OnlineCount: ptr[int64](2)}),
		"ok-watch-many": AppendOK(nil, 2, OK{Head: ptr[int64](0), OnlineCount: ptr[int64](812)}),
		"ok-post":       AppendOK(nil, 4, OK{Seq: 121, ID: "e121", At: at}),
		"ok-dup":        AppendOK(nil, 4, OK{Seq: 121, ID: "e121", At: at, Dup: true}),
		"ok-edit":       AppendOK(nil, 7, OK{Seq: 123, ID: "e123", At: at + 2000, Rev: 2}),

		"error-bad_json":      AppendError(nil, nil, minichat.Errorf(minichat.BadJSON, "This is not JSON: it ends too early.")),
		"error-bad_field":     AppendError(nil, ptr[int64](4), minichat.FieldError(minichat.BadField, "room", "The field room is missing.")),
		"error-unknown_field": AppendError(nil, ptr[int64](4), minichat.FieldError(minichat.UnknownField, "Room", "There is no field \"Room\" here. Names are case-sensitive.")),
		"error-too_long":      AppendError(nil, ptr[int64](4), minichat.FieldError(minichat.TooLong, "text", "This text has 16385 bytes. It may have 16384.")),
		"error-not_found":     AppendError(nil, ptr[int64](2), minichat.ErrNoRoom()),
		"error-forbidden":     AppendError(nil, ptr[int64](2), minichat.Errorf(minichat.Forbidden, "Join the room first.")),
		"error-conflict":      AppendError(nil, ptr[int64](7), minichat.FieldError(minichat.Conflict, "rev", "Somebody changed this message since. Look at it again.")),
		"error-rate_limited":  AppendError(nil, ptr[int64](4), &minichat.Error{Code: minichat.RateLimited, Message: "That was too fast.", RetryMS: 350}),
		"error-storage_full":  AppendError(nil, ptr[int64](4), minichat.Errorf(minichat.StorageFull, "The server's disk is full. Nothing was saved.")),
		"error-store_unavailable": AppendError(nil, ptr[int64](4), &minichat.Error{
			Code: minichat.StoreUnavailable, Message: "The database did not answer. Send it again.", RetryMS: 1000, Unknown: true,
		}),
		"error-internal": AppendError(nil, ptr[int64](4), errors.New("a cause that must not be told")),
	}
}
