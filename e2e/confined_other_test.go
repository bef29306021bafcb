//go:build !linux

package e2e

import "errors"

const confinedVar = "MINICHAT_TEST_CONFINED"

func runConfined([]string) error { return errors.New("only on Linux") }
