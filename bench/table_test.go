package main

import (
	"strings"
	"testing"
)

func TestShort(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{{0, "0"}, {0.0254, "0.025"}, {0.143, "0.14"}, {1.25, "1.25"}, {7.031, "7.03"}, {12.34, "12.3"}, {123.4, "123"}, {19997.3, "19997"}, {40, "40"}} {
		if got := short(c.v); got != c.want {
			t.Errorf("short(%v): got %q, want %q", c.v, got, c.want)
		}
	}
}

// Ratios are taken within a round, and a run that went wrong counts for nothing.
func TestRatiosAreOfOneRound(t *testing.T) {
	us := func(v float64, verdict string) result { return result{SrvUsPerDeliv: v, Verdict: verdict} }
	tables := collect([]row{
		{"f1k", "c-epoll", 1, us(2, "")}, {"f1k", "minichat", 1, us(3, "not saturated")},
		{"f1k", "c-epoll", 2, us(10, "")}, {"f1k", "minichat", 2, us(10, "")},
		{"f1k", "c-epoll", 3, us(1, "FAULTY DELIVERY")}, {"f1k", "minichat", 3, us(9, "")},
		{"f1k", "c-epoll", 4, us(1, "")}, {"f1k", "minichat", 4, us(9, "REFUSED: no")},
		{"f1k", "minichat", 5, us(9, "")},
	})
	if got, want := spread(tables.ratios("f1k", "minichat", "c-epoll", cpuPerDelivery)), "1.25 (1–1.5)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var b strings.Builder
	printGoals(&b, tables)
	if want := "| 1.25 (1–1.5) × | yes |"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is not in\n%s", want, b.String())
	}
}
