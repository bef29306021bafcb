package e2e

const confinedVar = "MINICHAT_TEST_CONFINED"

func runConfined(args []string) error { return nil }
