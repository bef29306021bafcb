package bus

import (
	"reflect"
	"testing"
)

// suite is what every Bus promises.
func suite(t *testing.T, open func(t *testing.T) Bus) {
	t.Run("in order to everybody", func(t *testing.T) {
		b := open(t)
		var one, two []int64
		b.Subscribe(func(m Message) { one = append(one, m.Seq) })
		b.Subscribe(func(m Message) { two = append(two, m.Seq) })
		for i := range int64(3) {
			b.Publish(Message{Kind: Event, Room: "r1", Seq: i})
		}
		want := []int64{0, 1, 2}
		if !reflect.DeepEqual(one, want) || !reflect.DeepEqual(two, want) {
			t.Errorf("got %v and %v, want %v", one, two, want)
		}
	})
	t.Run("nothing after cancel or close", func(t *testing.T) {
		b := open(t)
		n, kept := 0, 0
		cancel := b.Subscribe(func(Message) { n++ })
		b.Subscribe(func(Message) { kept++ })
		b.Publish(Message{})
		cancel()
		cancel()
		b.Publish(Message{})
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b.Publish(Message{})
		b.Subscribe(func(Message) { kept += 10 })
		b.Publish(Message{})
		if n != 1 || kept != 2 {
			t.Errorf("got %d and %d, want 1 and 2", n, kept)
		}
	})
}

func TestMemory(t *testing.T) {
	suite(t, func(t *testing.T) Bus { return Memory() })
}
