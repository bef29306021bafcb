package chat

import (
	"context"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

const typingTTL = 5000 // ms

// Typing tells the room that u writes. It may be lost.
func (c *Chat) Typing(ctx context.Context, u minichat.User, t protocol.Typing) error {
	if _, err := c.judge(ctx, u.ID, t.Room, minichat.PostMessage); err != nil {
		return err
	}
	c.bus.Publish(bus.Message{Kind: bus.Typing, Room: t.Room, By: u.ID,
		Data: protocol.AppendSignalTyping(nil, t.Room, u.ID, t.Thread, typingTTL)})
	return nil
}
