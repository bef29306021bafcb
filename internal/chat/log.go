package chat

import (
	"context"
	"encoding/json"
	"fmt"

	"minichat"
	"minichat/internal/protocol"
)

const pageBytes = 64 << 10 // where a page ends, though it holds at least one event

// Events returns a page of the room's log in its present form: after a seq,
// before one, or, with neither, the last page. limit 0 is 50.
func (c *Chat) Events(ctx context.Context, u minichat.User, room string, after, before *int64, limit int) (*protocol.Page, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return nil, err
	}
	if after != nil && before != nil {
		return nil, minichat.FieldError(minichat.BadField, "before", "Give after or before, not both.")
	}
	return judged(ctx, c, u.ID, room, minichat.ReadRoom, func(place) (*protocol.Page, error) {
		return c.page(ctx, room, after, before, limit)
	})
}

// Feed returns a page of a room's log without judging anybody: for the hub,
// which has judged.
func (c *Chat) Feed(ctx context.Context, room string, after int64, limit int) (*protocol.Page, error) {
	return c.page(ctx, room, &after, nil, limit)
}

func (c *Chat) page(ctx context.Context, room string, after, before *int64, limit int) (*protocol.Page, error) {
	events, head, _, err := c.st.ListEvents(ctx, room, after, before, limit, pageBytes)
	if err != nil {
		return nil, fmt.Errorf("read a page of the log: %w", err)
	}
	p := encodePage(room, events, head)
	if len(events) > 0 {
		return p, nil
	}
	switch {
	case after != nil:
		p.From = *after + 1
	case before != nil:
		p.From = max(*before, 1) // to is from - 1 and never below 0
	default:
		p.From = head + 1
	}
	p.To = p.From - 1
	return p, nil
}

func encodePage(room string, events []*minichat.Event, head int64) *protocol.Page {
	p := &protocol.Page{Room: room, Head: head, List: make([]json.RawMessage, 0, len(events))}
	for _, ev := range events {
		p.List = append(p.List, protocol.AppendPageEvent(nil, ev))
	}
	if len(events) > 0 {
		p.From, p.To = events[0].Seq, events[len(events)-1].Seq
	}
	return p
}

// Thread returns the root and its replies after a seq. Its page is not dense.
func (c *Chat) Thread(ctx context.Context, u minichat.User, room string, root, after int64, limit int) (*protocol.Page, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return nil, err
	}
	return judged(ctx, c, u.ID, room, minichat.ReadRoom, func(place) (*protocol.Page, error) {
		m, err := c.st.GetMessage(ctx, room, root)
		if err != nil {
			return nil, fmt.Errorf("read the thread's root: %w", err)
		}
		if m == nil || m.Thread != 0 {
			return nil, minichat.Errorf(minichat.NotFound, "There is no such thread in this room.")
		}
		events, head, err := c.st.ListThread(ctx, room, root, after, limit)
		if err != nil {
			return nil, fmt.Errorf("read a thread: %w", err)
		}
		return sparsePage(room, events, head, after), nil
	})
}

// Pinned returns the room's pinned messages after a seq. Its page is not dense.
func (c *Chat) Pinned(ctx context.Context, u minichat.User, room string, after int64, limit int) (*protocol.Page, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return nil, err
	}
	return judged(ctx, c, u.ID, room, minichat.ReadRoom, func(place) (*protocol.Page, error) {
		events, head, err := c.st.ListPinned(ctx, room, after, limit)
		if err != nil {
			return nil, fmt.Errorf("read pinned messages: %w", err)
		}
		return sparsePage(room, events, head, after), nil
	})
}

func sparsePage(room string, events []*minichat.Event, head, after int64) *protocol.Page {
	p := encodePage(room, events, head)
	if len(events) == 0 {
		p.From, p.To = after+1, after
	}
	return p
}
