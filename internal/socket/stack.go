package socket

// ahead is how much stack a first request or a hello takes, about.
const ahead = 4 << 10

// grow has the stack of a new goroutine grow to that at once, while next to nothing
// is on it. Else it doubles again and again, far down in the calls, and each time
// all that is on it is moved and mended.
//
//go:noinline
func grow() {
	var room [ahead]byte
	touch(&room)
}

//go:noinline
func touch(*[ahead]byte) {}
