package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// timerSlack is by how much the kernel may be late with a timer, in ns. Go's
// monitor thread sleeps 20 µs at a time while a message goes out and with Linux's
// 50 µs of slack interrupts that some fifty times: one tenth of what a message to
// a thousand people costs (docs/decisions/timer-slack.md).
const timerSlack = 500_000

// slackTried is the variable that says that relax has been here before: threads
// of real time have no slack, whatever is set.
const slackTried = "MINICHAT_SLACK_TRIED"

// relax lets the timers of this program be late by timerSlack. A thread hands its
// slack on to those that it makes and to the program that it becomes, and Go's
// monitor is there before any of our code: so the program becomes itself once
// more. Where that cannot be, all is as before.
func relax() {
	if os.Getenv(slackTried) != "" {
		os.Unsetenv(slackTried)
		return
	}
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || slack >= timerSlack || unix.Prctl(unix.PR_SET_TIMERSLACK, timerSlack, 0, 0, 0) != nil {
		return
	}
	self, err := os.Executable()
	if err == nil {
		syscall.Exec(self, os.Args, append(os.Environ(), slackTried+"=1")) // returns only if that failed
	}
}
