package files

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"minichat"
)

const retryMS = 2000 // what clients are told to wait; the guard looks as often

// unavailable is the answer while the bucket does not.
func unavailable(what string, err error) error {
	e := minichat.Errorf(minichat.FilesUnavailable, "The place where files are kept does not answer. Try again in a moment.")
	e.RetryMS, e.Err = retryMS, fmt.Errorf("%s: %w", what, err)
	return e
}

// s3Failure is failure for what a bucket says.
func s3Failure(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*minichat.Error](err); ok {
		return err
	}
	var e *minichat.Error
	code := s3Code(err)
	if _, ok := errors.AsType[*types.NotFound](err); ok {
		code = "NoSuchKey" // a HEAD has no body to say it; to others such an answer is not from S3
	}
	switch code {
	case "NoSuchKey":
		e = minichat.Errorf(minichat.NotFound, "There is no such file.")
	case "NoSuchUpload":
		e = minichat.Errorf(minichat.NotFound, "There is no such upload.")
	case "InvalidPart":
		e = minichat.Errorf(minichat.Conflict, "A part of the file was sent again meanwhile. Complete it once more.")
	default:
		if s3Status(err) == http.StatusInsufficientStorage {
			e = errFull()
			break
		}
		return unavailable(what, err)
	}
	e.Err = fmt.Errorf("%s: %w", what, err)
	return e
}

// s3Code is the name that S3 gives to an error, "" if it did not come from there.
func s3Code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// s3Status is the status of the answer, 0 if there was none.
func s3Status(err error) int {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

// isDown reports whether err says that the bucket, or the way to it, is out of
// order. One that refuses us is at work.
func isDown(err error) bool {
	if _, ok := errors.AsType[*minichat.Error](err); ok || err == nil {
		return false
	}
	status := s3Status(err)
	return status == 0 || status >= 500 && status != http.StatusInsufficientStorage || status == http.StatusTooManyRequests
}
