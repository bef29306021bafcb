// Command minichat is the whole product: the server, its page, and the commands
// that care for its data.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"minichat"
)

// words is every command; each has one file. words.go tells what the tags say.
type words struct {
	Serve   serveCommand   `cmd:"" default:"" help:"Run the server. This is what minichat does without a word."`
	User    userWords      `cmd:"" help:"Add, list and disable people, and set their passwords."`
	Token   tokenWords     `cmd:"" help:"Make bearer tokens for bots and scripts."`
	Invite  inviteWords    `cmd:"" help:"Make links that let people in."`
	Files   filesWords     `cmd:"" help:"Look after the place where attachments are kept."`
	Backup  backupCommand  `cmd:"" help:"Copy the database and the files away, also while the server runs."`
	Verify  verifyCommand  `cmd:"" help:"Check that a backup is whole."`
	Restore restoreCommand `cmd:"" help:"Bring a backup back, into an empty folder."`
	Doctor  doctorCommand  `cmd:"" help:"Look at everything that the server stands on, and say how to mend what is wrong."`
	Web     webWords       `cmd:"" help:"The page, for a web server or bucket of your own."`
	Bench   benchCommand   `cmd:"" help:"Measure what a server can carry: one of its own, or yours with --server."`
	Version versionWord    `cmd:"" help:"Print the version."`

	Completion completionCommand `cmd:"" help:"Print the script by which a shell completes commands and flags."`
	Man        manCommand        `cmd:"" hidden:"" help:"Print the manual page."`
}

// world is what a command may touch besides its own settings.
type world struct {
	ctx    context.Context // ends when the process is asked to stop
	stdin  io.Reader
	stdout io.Writer // tokens and links alone
	stderr io.Writer // words
	getenv func(string) string
	root   *word // the command line
}

// say writes words for a person.
func (w *world) say(format string, args ...any) {
	fmt.Fprintf(w.stderr, format+"\n", args...)
}

func main() {
	if len(os.Args) < 2 || os.Args[1] == "serve" || strings.HasPrefix(os.Args[1], "-") { // it is the server
		relax()
	}
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		second := <-signals // at once, whatever is still to be done
		os.Exit(128 + int(second.(syscall.Signal)))
	}()
	os.Exit(run(&world{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}, os.Args[1:]))
}

// run does what args say and returns the exit code: 0, 1 for a failure, 2 for a
// command line that cannot be understood.
func run(w *world, args []string) int {
	w.root = newWord("minichat", "", `help:"A group chat in one file: run it, open the link that it prints, and talk. The server's settings: minichat serve --help."`, &words{})
	chosen, help, err := w.root.parse(args)
	if err != nil {
		w.say("minichat: %s. See minichat --help.", strings.TrimSuffix(err.Error(), "."))
		return 2
	}
	if chosen == nil {
		fmt.Fprint(w.stdout, help)
		return 0
	}
	if err := chosen.run(w); err != nil {
		w.say("minichat: %s", sentence(err))
		return 1
	}
	return 0
}

// sentence is an error for the person at the terminal, who may see the cause.
func sentence(err error) string {
	e, ok := errors.AsType[*minichat.Error](err)
	switch {
	case !ok:
		return err.Error()
	case e.Err != nil:
		return fmt.Sprintf("%s (%v)", e.Message, e.Err)
	}
	return e.Message
}
