package backup

import (
	"context"
	"sync"
	"time"
)

// retryAfter is how long a failed backup waits to be tried again.
const retryAfter = 10 * time.Minute

// Schedule makes backups and proves them for as long as a server runs.
type Schedule struct {
	Source
	To    Where
	Every time.Duration
	Keep  int

	made *Result // not proven yet, for another reason than damage; nil: none

	mu     sync.Mutex
	status Status
}

// Status is how it stands with the backups.
type Status struct {
	LastSuccess time.Time // of the newest backup; zero: there is none that is known of
	LastProven  time.Time // when one was last restored for a trial
	Took        time.Duration
	Bytes       int64 // of the newest: database and files
	Failures    int64 // since the start
	Failing     bool  // the last try failed
}

// Status returns how it stands now.
func (s *Schedule) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run makes a backup whenever the newest is older than Every, until ctx ends.
// What fails is logged when it begins to fail and when it works again.
func (s *Schedule) Run(ctx context.Context) {
	newest, err := s.look(ctx)
	s.tell(ctx, "look for backups", err)
	for ctx.Err() == nil {
		wait := time.Until(newest.Add(s.Every))
		if err != nil {
			wait = min(retryAfter, s.Every)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		err = s.once(ctx)
		newest = s.Status().LastSuccess
	}
}

// look takes over what an earlier run of the server has left.
func (s *Schedule) look(ctx context.Context) (newest time.Time, err error) {
	p, closePlace, err := openPlace(ctx, s.To, true)
	if err != nil {
		return newest, err
	}
	defer closePlace()
	there, err := look(ctx, p)
	if err != nil {
		return newest, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range there.whole {
		newest = l.TakenAt
		s.status.LastSuccess, s.status.Bytes = l.TakenAt, l.size()
		if l.Proven != nil && l.Proven.ProvenAt.After(s.status.LastProven) {
			s.status.LastProven = l.Proven.ProvenAt
		}
	}
	return newest, nil
}

// size is how many bytes a backup needs to be restored.
func (m *Manifest) size() int64 { return m.part(databaseName).Size + m.Bytes }

// once makes one backup and proves it, or proves the one that could not be tried
// when it was made: another would cost room, and could not be tried either. An
// error says that this is due again.
func (s *Schedule) once(ctx context.Context) error {
	if s.made != nil && time.Since(s.made.TakenAt) >= s.Every {
		s.made = nil
	}
	before := s.made
	result, err := run(ctx, s.Source, s.To, s.Keep, true, before)
	proven := result != nil && result.Proof != nil
	if result != nil {
		s.made = nil
		if !proven {
			s.made = result
		}
		s.mu.Lock()
		s.status.LastSuccess, s.status.Took, s.status.Bytes = result.TakenAt, result.Took, result.size()
		if proven {
			s.status.LastProven = result.Proof.ProvenAt
		}
		s.mu.Unlock()
		said := "backup made"
		if result == before {
			said = "backup tried"
		}
		s.Log.Info(said, "name", result.Name, "files", result.Files, "copied", result.Copied, "missing", len(result.Missing), "proven", proven, "removed", len(result.Removed), "took", result.Took.Round(time.Millisecond))
	}
	s.tell(ctx, "make and prove a backup", err)
	if proven {
		return nil // that older ones could not be removed is no reason to make more
	}
	return err
}

// tell keeps whether backups work, and logs a change of that.
func (s *Schedule) tell(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return // the server stops; that is no failure
	}
	s.mu.Lock()
	was := s.status.Failing
	s.status.Failing = err != nil
	if err != nil {
		s.status.Failures++
	}
	s.mu.Unlock()
	switch {
	case err != nil && !was:
		s.Log.Error("backups fail; the chat goes on, and they are tried again", "doing", what, "to", s.To.Text, "err", err)
	case err == nil && was:
		s.Log.Info("backups work again", "to", s.To.Text)
	}
}
