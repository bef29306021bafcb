//go:build !unix

package doctor

func sameDisk(string, string) (same, known bool) { return false, false }
