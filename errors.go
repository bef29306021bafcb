package minichat

import (
	"errors"
	"fmt"
)

// Code names a kind of error as it stands on the wire (docs/protocol.md, "Codes").
type Code string

// The codes a client can meet.
const (
	BadJSON              Code = "bad_json"
	BadFrame             Code = "bad_frame"
	BadUTF8              Code = "bad_utf8"
	BadField             Code = "bad_field"
	UnknownField         Code = "unknown_field"
	UnknownType          Code = "unknown_type"
	Empty                Code = "empty"
	TooLong              Code = "too_long"
	TooMany              Code = "too_many"
	TooManyMarks         Code = "too_many_marks"
	BadName              Code = "bad_name"
	NameReserved         Code = "name_reserved"
	NameConfusable       Code = "name_confusable"
	NotFound             Code = "not_found"
	Forbidden            Code = "forbidden"
	Gone                 Code = "gone"
	Conflict             Code = "conflict"
	RateLimited          Code = "rate_limited"
	Unauthenticated      Code = "unauthenticated"
	InvalidOrExpired     Code = "invalid_or_expired"
	TooLarge             Code = "too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	MethodNotAllowed     Code = "method_not_allowed"
	QuotaExceeded        Code = "quota_exceeded"
	ChecksumMismatch     Code = "checksum_mismatch"
	StorageFull          Code = "storage_full"
	FilesUnavailable     Code = "files_unavailable"
	StoreUnavailable     Code = "store_unavailable"
	Internal             Code = "internal"
)

// Error is an answer that a person may read. Message says what to do; Err, the
// cause, is for the operator's log and never leaves the process.
type Error struct {
	Code    Code
	Message string
	Field   string // the input field at fault, as spelt on the wire
	RetryMS int64  // when trying again makes sense; 0: not said
	Unknown bool   // the outcome of a commit is unknown: ask again with the same key
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error whose text is public.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldError is Errorf for one named input field.
func FieldError(code Code, field, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Field = field
	return e
}

// CodeOf returns the code of the first *Error in err's chain, Internal for any
// other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// ErrNoRoom is the one answer for a room that is not there and for one that the
// asker may not know of: the same words, so that nothing can be told from them.
func ErrNoRoom() *Error { return FieldError(NotFound, "room", "There is no such room.") }
